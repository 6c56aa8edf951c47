# SPDX-License-Identifier: Apache-2.0
# The Windows programs, cross-built here and run under Wine by tests/win32.
.PHONY: win32 win32-deps
win32-deps:
	@packaging/win32/deps.sh build/win32/deps

win32: win32-deps build/gen/messages.c
	@$(MAKE) --no-print-directory PLATFORM=win32 all
