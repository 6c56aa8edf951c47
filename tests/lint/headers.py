#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file says its licence in one line; nothing names a machine, a registry's host or an unfinished thought."""
import os
import re
import shutil
import subprocess
from lint import finish, read, report, sources

FILES = [f for f in subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True).stdout.split("\n") if f] or sources("**/*")
CODE = [f for f in FILES if re.search(r"\.(c|h|def|py|sh|mk|service|socket)$", f) or f in ("Makefile",)]
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def foreign():
    """This tree's own place, and the hosts that this machine's apt fetches from: neither belongs into a file."""
    hosts = []
    if shutil.which("apt-get"):
        out = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True).stdout
        hosts = [h for h in set(re.findall(r"^\w+://([^/:\s]+)", out, re.M)) if "." in h]
    here = [os.getcwd()] if os.getcwd().count("/") > 1 else []
    return re.compile("|".join(r"(?<![\w.-])%s(?![\w.-])" % re.escape(x) for x in here + hosts) or "$^")


LEAK = foreign()


def licence():
    for path in CODE:
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(read(path).split("\n")[:3]):
            yield "%s: begin with SPDX-License-Identifier: Apache-2.0" % path


def words():
    for path in FILES:
        if path.startswith("tests/lint/") or re.search(r"tests/fuzz/corpus/|\.(png|gz|pyc)$", path) or path == "LICENSE":
            continue
        for number, line in enumerate(read(path).split("\n"), 1):
            if UNFINISHED.search(line) and path in CODE:
                yield "%s:%d: finish it, or say in docs what is not there: %s" % (path, number, line.strip()[:80])
            if LEAK.search(line):
                yield "%s:%d: names a machine's path or a registry's host: %s" % (path, number, line.strip()[:80])


finish(report("every file says its licence", list(licence())), report("nothing unfinished, no foreign address", list(words())))
