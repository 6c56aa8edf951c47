# SPDX-License-Identifier: Apache-2.0
# What a build for Linux needs. Each library has its line of why in docs/ARCHITECTURE.md.
PROGRAMS  := epagent-probe epagent epctl epagentd epagent-launch
CPPFLAGS  += $(shell pkg-config --cflags jansson libcrypto libsystemd libudev)
CFLAGS    += -fPIE -fstack-clash-protection -fcf-protection
ifeq ($(findstring sanitize,$(SAN))$(findstring O0,$(SAN)),)
CPPFLAGS  += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
LDFLAGS   += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LDLIBS    += -ljansson -lcrypto -lsystemd -ludev
YAML_LIBS := -lyaml
