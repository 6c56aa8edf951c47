#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every reason and mechanism that a control's code gives has its sentence, and every reader has its fuzz target."""
import glob
import json
import os
import re
from lint import finish, read, report, rows

WRITTEN, _ = rows()
COMMON = set(json.loads(read("policy/messages/en/common.json")).get("codes", {})) if os.path.exists("policy/messages/en/common.json") else set()


def reasons(name):
    for platform in ("linux", "win32"):
        for path in sorted(glob.glob("platform/%s/%s*.c" % (platform, name))):
            for word in re.findall(r'fact_(?:unknown|unsupported|reason)\([^;]*?"(\w+)"\)', read(path)):
                yield path, word


def sentences():
    for name in WRITTEN:
        message = "policy/messages/en/%s.json" % name
        known = set(json.loads(read(message)).get("codes", {})) if os.path.exists(message) else set()
        for path, word in sorted(set(reasons(name))):
            if word not in known | COMMON:
                yield "%s: the reason %s has no sentence: add it to the codes of policy/messages/{ja,en}/%s.json" % (path, word, name)


def fuzzed():
    targets = "\n".join(read(f) for f in glob.glob("tests/fuzz/fuzz_*.c"))
    for path in sorted(glob.glob("platform/*/read/*.h")):
        if path not in targets:
            yield "%s: no fuzz target includes it: write tests/fuzz/fuzz_%s.c" % (path, os.path.basename(path)[:-2])


finish(report("every reason has its sentence", list(sentences())), report("every reader is fuzzed", list(fuzzed())))
