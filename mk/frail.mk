# SPDX-License-Identifier: Apache-2.0
# The daemons with an allocator that fails where it is told to (T064); tests/integration/nth_malloc.py runs them.
frail := $(BUILD)/test/frail/epagentd $(BUILD)/test/frail/epagent-probe
$(BUILD)/test/frail/epagentd: $(call obj,agent/epagentd.c)
$(BUILD)/test/frail/epagent-probe: $(call obj,$(wildcard agent/probe/*.c))
$(frail): $(BUILD)/obj/tests/integration/nth_malloc.o $(foreach l,agent os platform policy base,$(call lib,$l))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(foreach f,malloc calloc realloc strdup strndup,-Wl,--wrap=$(f)) -o $@ \
		$(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

# Sanitizers have an allocator of their own.
ifeq ($(SAN),)
tests: $(frail)
endif
