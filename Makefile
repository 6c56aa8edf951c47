# SPDX-License-Identifier: Apache-2.0
# One page. Sources are found by folder; adding a file edits nothing here. `make help` lists the targets.
PLATFORM ?= linux
BUILD    ?= build/$(PLATFORM)
V        ?= 0
Q        := $(if $(filter 0,$(V)),@)
VERSION  := 0.1.0

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CPPFLAGS += -I. -Ibuild/gen -D_GNU_SOURCE -DEPAGENT_VERSION='"$(VERSION)"'
# -U first: a compiler that sets it by default warns when it is set again.
CFLAGS  ?= -O2 -g
SAN     ?=
CFLAGS  += -std=c17 $(WARN) -fstack-protector-strong '-ffile-prefix-map=$(subst ','\'',$(CURDIR))=.' $(SAN)

include platform/$(PLATFORM)/build.mk

base_src     := $(wildcard base/*.c)
policy_src   := $(wildcard policy/*.c)
platform_src := platform/control.c $(wildcard platform/$(PLATFORM)/*.c platform/$(PLATFORM)/read/*.c)
os_src       := $(wildcard platform/$(PLATFORM)/os/*.c)
agent_src    := $(filter-out agent/epagentd.c,$(wildcard agent/*.c))
server_src   := $(wildcard server/*.c)
gen_src      := build/gen/messages.c

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
lib = $(BUILD)/lib/$(1).a

$(call lib,base): $(call obj,$(base_src))
$(call lib,policy): $(call obj,$(policy_src) $(gen_src))
$(call lib,platform): $(call obj,$(platform_src))
$(call lib,os): $(call obj,$(os_src))
$(call lib,agent): $(call obj,$(agent_src))
$(call lib,server): $(call obj,$(server_src))

# program: its own sources, then the libraries it may see, in link order (the include lint holds the same line)
bin := $(addprefix $(BUILD)/bin/,$(addsuffix $(EXE),$(PROGRAMS)))
$(BUILD)/bin/epagent-probe$(EXE): $(call obj,$(wildcard agent/probe/*.c)) $(foreach l,agent os platform policy base,$(call lib,$l))
$(BUILD)/bin/epagent$(EXE): $(call obj,$(wildcard agent/cli/*.c)) $(foreach l,agent os policy base,$(call lib,$l))
$(BUILD)/bin/epagentd$(EXE): $(call obj,agent/epagentd.c) $(foreach l,agent os platform policy base,$(call lib,$l))
$(BUILD)/bin/epagent-launch$(EXE): $(call obj,$(wildcard agent/launch/*.c)) $(foreach l,agent os policy base,$(call lib,$l))
$(BUILD)/bin/epctl$(EXE): $(call obj,$(wildcard server/ctl/*.c)) $(foreach l,server policy base,$(call lib,$l))
$(BUILD)/bin/epctl$(EXE): LDLIBS += $(YAML_LIBS)

.PHONY: all
all: $(bin)
.DEFAULT_GOAL := all

$(bin):
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/lib/%.a:
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

build/gen/messages.c: policy/messages.py $(wildcard policy/messages/*/*.json)
	@mkdir -p $(@D)
	$(Q)python3 policy/messages.py policy/messages > $@.new && mv $@.new $@

include $(wildcard mk/*.mk)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
