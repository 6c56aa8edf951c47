# SPDX-License-Identifier: Apache-2.0
# Sanitizers and fuzzing. A target is one file, tests/fuzz/fuzz_NAME.c, with its seeds in tests/fuzz/corpus/NAME/.
#   make replay       every corpus through every target, in this build        make asan     unit tests and corpora with ASan and UBSan
#   make fuzz         every target for FUZZ_SECONDS (60) with libFuzzer        make fuzz-NAME   one of them
FUZZ_SECONDS ?= 60
ASAN := BUILD=build/asan SAN='-O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
# clang, unlike gcc, warns of {NULL} as of a forgotten field.
FUZZ := BUILD=build/fuzz CC=clang SAN='-Wno-missing-field-initializers -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'

fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
all_libs   := $(foreach l,agent os platform server policy base,$(call lib,$l))

$(BUILD)/replay/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(all_libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(YAML_LIBS)

build/fuzz/fuzzer/%: build/fuzz/obj/tests/fuzz/fuzz_%.o $(all_libs)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS) $(YAML_LIBS)

.PHONY: replay replay-programs asan asan-programs fuzz
replay-programs: $(addprefix $(BUILD)/replay/,$(fuzz_names))
replay: replay-programs
	@set -e; for name in $(fuzz_names); do $(BUILD)/replay/$$name tests/fuzz/corpus/$$name; done

asan-programs:
	@$(MAKE) --no-print-directory $(ASAN) tests $(addprefix build/asan/replay/,$(fuzz_names))

asan: asan-programs
	@$(MAKE) --no-print-directory $(ASAN) replay
	@tests/unit/run build/asan/test

fuzz: $(addprefix fuzz-,$(fuzz_names))

fuzz-%:
	@$(MAKE) --no-print-directory $(FUZZ) build/fuzz/fuzzer/$*
	@mkdir -p build/fuzz/corpus/$*
	@echo "  FUZZ  $*"
	$(Q)cd build/fuzz && ./fuzzer/$* -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=512 -max_len=65536 -print_final_stats=0 \
		-verbosity=0 corpus/$* ../../tests/fuzz/corpus/$*
