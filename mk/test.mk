# SPDX-License-Identifier: Apache-2.0
# Tests. A unit test is one file, tests/unit/test_NAME.c, a cmocka program linked against everything.
tests := $(patsubst tests/unit/%.c,$(BUILD)/test/%,$(wildcard tests/unit/test_*.c))

$(BUILD)/test/test_%: $(BUILD)/obj/tests/unit/test_%.o $(foreach l,agent os platform server policy base,$(call lib,$l))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(YAML_LIBS) -lcmocka

.PHONY: tests check test lint
.SECONDARY:
tests: all $(tests)

check: tests
	@tests/run.py check

# All is built before anything runs: the suites run side by side and must not build under each other.
test: deps
	@$(MAKE) --no-print-directory -j$$(nproc) tests replay-programs
	@$(MAKE) --no-print-directory -j$$(nproc) asan-programs
	@$(MAKE) --no-print-directory -j$$(nproc) win32
	@tests/run.py test

.PHONY: clean
clean:
	rm -rf build

.PHONY: deps
deps:
	@packaging/deps.sh build test win32 lab

lint:
	@tests/lint/run

# Lays out what was changed since the last commit.
.PHONY: format
format:
	@git diff --name-only --diff-filter=d HEAD -- '*.c' '*.h' | xargs -r clang-format -i
