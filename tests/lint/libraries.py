#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""T114: the libraries that each built program links are exactly those of libraries.list. Wants the build, so it is a suite of its own."""
import glob
import os
import re
import subprocess
import sys
from lint import finish, read, report

BIN = os.environ.get("EPAGENT_BIN", "build/linux/bin")
LIST = "tests/lint/libraries.list"


def listed(text):
    lines = [line.split(":") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: set(libraries.split()) for name, libraries in lines}


def linked():
    found = {}
    for path in glob.glob(BIN + "/*"):
        done = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        found[os.path.basename(path)] = set(re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout))
        if re.search(r"\((RPATH|RUNPATH)\)", done.stdout):
            found[os.path.basename(path)].add("RUNPATH")
    return found


def findings(want, have):
    for name in sorted(set(want) | set(have)):
        for library in sorted(have.get(name, set()) - want.get(name, set())):
            yield "%s links %s, which %s does not have: leave it, or add it there and its reason to docs/ARCHITECTURE.md" % (name, library, LIST)
        for library in sorted(want.get(name, set()) - have.get(name, set())):
            yield "%s does not link %s: take it out of %s" % (name, library, LIST)


WANT, HAVE = listed(read(LIST)), linked()
MORE = {name: libraries | {"libcurl.so.4"} for name, libraries in HAVE.items()}
SEEN = [] if len(list(findings(WANT, MORE))) >= len(HAVE) > 0 else ["a library more is not found"]
finish(report("each program links what is listed, and nothing else", list(findings(WANT, HAVE))), report("one library more is found", SEEN))
