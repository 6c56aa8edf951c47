#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every row of controls.def has its files on both platforms, its test, its page and its messages; the rest has none of them."""
import glob
import os
import re
from lint import finish, read, report, rows

WRITTEN, LATER = rows()
NEEDS = ["platform/linux/%s.c", "platform/win32/%s.c", "tests/control/%s.cases", "docs/controls/%s.md", "policy/messages/ja/%s.json",
         "policy/messages/en/%s.json"]


def missing():
    for name in WRITTEN:
        for need in NEEDS:
            if not os.path.exists(need % name):
                yield "%s: the row %s needs it; write it, or make the row LATER" % (need % name, name)
    for name in LATER:
        for need in NEEDS:
            if os.path.exists(need % name):
                yield "%s: exists, but its row is LATER; make it a CONTROL row" % (need % name)


def cards():
    """Control files have the same names on both platforms; a file that only one has is a helper and ends in no card."""
    for platform in ("linux", "win32"):
        for path in glob.glob("platform/%s/*.c" % platform):
            for name in re.findall(r"^const struct control control_(\w+)", read(path), re.M):
                if name not in WRITTEN or os.path.basename(path) != name + ".c":
                    yield "%s: the card control_%s belongs into platform/%s/%s.c, with a row in controls.def" % (path, name, platform, name)


def shipped():
    for path in sorted(glob.glob("policy/examples/*.yaml")):
        for number, line in enumerate(read(path).split("\n"), 1):
            name = re.match(r"\s*-?\s*control:\s*(\w+)", line)
            if name and name.group(1) in LATER:
                yield "%s:%d: %s is not written yet; a shipped policy may not ask for it" % (path, number, name.group(1))


print("# report: %d controls written, %d LATER: %s" % (len(WRITTEN), len(LATER), " ".join(LATER)))
finish(report("rows have their files", list(missing())), report("cards are in their files", list(cards())),
       report("shipped policies use written controls", list(shipped())))
