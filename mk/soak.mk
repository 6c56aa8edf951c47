# SPDX-License-Identifier: Apache-2.0
# The journal's long tests: `make test` runs a tenth of the counts, `make soak` all of them. EPAGENT_SEED repeats a run.
journal_driver := $(BUILD)/test/journal_driver
journal_bench  := $(BUILD)/test/bench_journal

$(journal_driver): $(BUILD)/obj/tests/integration/journal_driver.o $(foreach l,agent os platform policy base,$(call lib,$l))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(journal_bench): $(BUILD)/obj/tests/bench/journal.o $(foreach l,agent os platform policy base,$(call lib,$l))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

tests: $(journal_driver)

.PHONY: soak bench bench-journal
bench: bench-journal

soak: deps tests
	@EPAGENT_SOAK=1 $(BUILD)/test/test_journal_crash
	@EPAGENT_SOAK=1 tests/integration/journal_kill.py
	@EPAGENT_SOAK=1 tests/integration/journal_tamper.py

# Appends a second, single and in groups, on the file system of DIR.
bench-journal: $(journal_bench)
	@$(journal_bench) $(or $(DIR),build)
