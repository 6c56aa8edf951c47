# SPDX-License-Identifier: Apache-2.0
# What a build for 64-bit Windows needs: make PLATFORM=win32. packaging/win32/deps.sh builds the two libraries from Debian's sources.
PROGRAMS  := epagent epagent-probe
EXE       := .exe
CC        := x86_64-w64-mingw32-gcc-win32
AR        := x86_64-w64-mingw32-ar
CPPFLAGS  += -Ibuild/win32/deps/include -D_WIN32_WINNT=0x0A00 -D__USE_MINGW_ANSI_STDIO=1 -DPRINTF_ARCHETYPE=gnu_printf -DUNICODE -D_UNICODE
LDFLAGS   += -static -fstack-protector-strong -Wl,--dynamicbase,--nxcompat,--high-entropy-va,--no-insert-timestamp,--gc-sections
LDLIBS    += -Lbuild/win32/deps/lib -ljansson -lcrypto -lws2_32 -lcrypt32 -ladvapi32
