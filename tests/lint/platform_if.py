#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No conditional on a platform outside platform/: the Makefile chooses the folder."""
import re
from lint import PRODUCT, code_lines, finish, report

WORD = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*(_WIN32|_WIN64|__linux|__unix|__MINGW|__APPLE__|_MSC_VER|EPAGENT_(LINUX|WIN32))")


def findings():
    for path in PRODUCT:
        if path.startswith("platform/"):
            continue
        for number, line in code_lines(path):
            if WORD.match(line):
                yield "%s:%d: put this into platform/linux/ and platform/win32/ behind one name: %s" % (path, number, line.strip())


finish(report("no platform conditional outside platform/", list(findings())))
