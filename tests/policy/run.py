#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Policies that must load (good/) and that must not (bad/), through epctl. Prints TAP.

A bad one begins with what lint must say, all of it and nothing else, in the order of the lines:
    # expect: LINE: part of the text           LINE 0: the complaint is about the whole file
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EPCTL = os.environ.get("EPCTL", "build/linux/bin/epctl")


def epctl(*arguments):
    r = subprocess.run([EPCTL, "policy", *arguments], capture_output=True, timeout=60)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def good(path, tmp):
    status, out, error = epctl("lint", path)
    if status != 0:
        return "lint says %d: %s%s" % (status, out, error)
    first, again = os.path.join(tmp, "1.json"), os.path.join(tmp, "2.json")
    for target in (first, again):
        status, out, error = epctl("build", path, "-o", target)
        if status != 0 or out or error:
            return "build says %d: %s%s" % (status, out, error)
    with open(first, "rb") as f, open(again, "rb") as g:
        built = f.read()
        if built != g.read():
            return "built twice, and the bytes differ"
    rules = json.loads(built)["rules"]
    if not rules or any(set(r) - {"when"} != {"control", "require", "mode", "severity", "grace", "clauses"} for r in rules):
        return "the JSON does not have every default written out"
    return None


def complaints(out, path):
    """[(line, text)] of what was printed; every line of it must be a complaint about this file."""
    for line in out.splitlines():
        match = re.match(re.escape(path) + r"(?::(\d+))?: (.*)", line)
        yield (int(match.group(1) or 0), match.group(2)) if match else (-1, line)


def bad(path, tmp):
    with open(path, "rb") as f:
        expected = [(int(a), b.decode()) for a, b in re.findall(rb"^# expect: (\d+): (.*)$", f.read(), re.M)]
    if not expected:
        return "no `# expect: LINE: text` at its top"
    status, out, error = epctl("lint", path)
    got = list(complaints(out, path))
    if status != 1 or error:
        return "lint says %d: %s" % (status, error)
    if len(got) != len(expected) or any(g[0] != e[0] or e[1] not in g[1] for g, e in zip(got, expected)):
        return "wanted %s, got %s" % (expected, got)
    target = os.path.join(tmp, "bad.json")
    status, out, error = epctl("build", path, "-o", target)
    if status != 1 or out or list(complaints(error, path)) != got or os.path.exists(target):
        return "build says %d, or other things than lint, or wrote a file" % status
    return None


def documented(tmp):
    """The policies in docs/policy.md load; each of its JSON examples is JSON, one value or one a line."""
    with open(os.path.join(HERE, "../../docs/policy.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```(yaml|json)\n(.*?)^```$", f.read(), re.M | re.S)
    for number, (kind, text) in enumerate(blocks):
        if kind == "json":
            text = re.sub(r"\n(?!\{\"orders)", "", text)
            for value in text.splitlines():
                json.loads(value)
            continue
        path = os.path.join(tmp, "documented-%d.yaml" % number)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        why = good(path, tmp)
        if why:
            return why
    return None if {kind for kind, _ in blocks} == {"yaml", "json"} else "no examples found"


def main():
    number = failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        why = documented(tmp)
        number, failed = 1, int(why is not None)
        print("not ok 1 - docs/policy.md: %s" % why if why else "ok 1 - docs/policy.md")
        for folder, check in (("good", good), ("bad", bad)):
            for path in sorted(glob.glob(os.path.join(HERE, folder, "*.yaml"))):
                number += 1
                why = check(path, tmp)
                failed += why is not None
                name = "%s/%s" % (folder, os.path.basename(path))
                print("not ok %d - %s: %s" % (number, name, why) if why else "ok %d - %s" % (number, name))
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
