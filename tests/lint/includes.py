#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point one way: base <- policy <- platform <- agent, base <- policy <- server."""
import re
from lint import PRODUCT, finish, read, report

# folder -> what it may include; the longest matching folder decides
MAY = {
    "base": ["base/"],
    "policy": ["base/", "policy/"],
    "platform": ["base/", "policy/", "platform/"],
    "agent": ["base/", "policy/", "platform/", "agent/"],
    "agent/cli": ["base/", "policy/", "agent/message.h", "agent/message.def", "agent/cli/", "platform/os.h", "platform/run.h", "platform/installed.h", "agent/journal_verify.h"],
    "agent/net": ["base/", "policy/", "agent/message.h", "agent/message.def", "agent/net/", "platform/os.h"],
    "server": ["base/", "policy/", "server/"],
}
# The pure heart: no OS, no I/O, no clock.
IMPURE = {"unistd.h", "fcntl.h", "time.h", "sys/stat.h", "sys/types.h", "dirent.h", "errno.h", "signal.h", "pthread.h", "windows.h", "sys/socket.h"}


def findings():
    for path in PRODUCT:
        folder = max((f for f in MAY if path.startswith(f + "/")), key=len)
        for number, line in enumerate(read(path).split("\n"), 1):
            own = re.match(r'#\s*include "([^"]+)"', line)
            if own and "/" in own.group(1) and not any(own.group(1).startswith(m) for m in MAY[folder]):
                yield "%s:%d: %s/ may not include %s: it may include %s" % (path, number, folder, own.group(1), " ".join(MAY[folder]))
            if own and "/" not in own.group(1):
                yield "%s:%d: write the whole path from the root: #include \"folder/%s\"" % (path, number, own.group(1))
            system = re.match(r"#\s*include <([^>]+)>", line)
            if system and folder == "policy" and system.group(1) in IMPURE:
                yield "%s:%d: policy/ is pure; <%s> belongs into platform/ or agent/, and its answer comes as an argument" % (path, number, system.group(1))


finish(report("includes point one way", list(findings())))
