# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: the tree's files, and how a finding is said. Each script is run in the tree's root (or the folder
in LINT_ROOT) and prints one TAP line a rule."""
import glob
import os
import re
import sys

os.chdir(os.environ.get("LINT_ROOT", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")))


def sources(*patterns):
    return sorted(f for p in patterns for f in glob.glob(p, recursive=True) if not f.startswith("build/") and os.path.isfile(f))


PRODUCT = sources("base/**/*.[ch]", "policy/**/*.[ch]", "platform/**/*.[ch]", "agent/**/*.[ch]", "server/**/*.[ch]")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def code_lines(path):
    """(number, line) without comments and string contents, so that a word in a sentence is no finding."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), read(path), flags=re.S)
    for number, line in enumerate(text.split("\n"), 1):
        yield number, re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"//.*", "", line))


def rows():
    """(written controls, LATER controls) of policy/controls.def."""
    text = read("policy/controls.def")
    return re.findall(r"^CONTROL\((\w+)", text, re.M), re.findall(r"^LATER\((\w+)", text, re.M)


def report(rule, findings):
    for finding in findings:
        print("# %s" % finding)
    print("%sok - %s" % ("not " if findings else "", rule), flush=True)
    return bool(findings)


def finish(*results):
    sys.exit(1 if any(results) else 0)
