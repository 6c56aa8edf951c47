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


COMMANDS = [  # arguments, exit status, what standard output and standard error must contain
    (["--help"], 0, "epctl policy lint", ""),
    (["--version"], 0, "epctl ", ""),
    ([], 3, "", "epctl policy build FILE.yaml -o FILE.json"),
    (["policy"], 3, "", "epctl policy lint"),
    (["policy", "lint", "--help"], 0, "epctl policy lint", ""),
    (["-h"], 0, "epctl policy lint", ""),
    (["policy", "lint"], 3, "", "usage: epctl policy lint FILE.yaml"),
    (["policy", "lint", "GOOD", "GOOD"], 3, "", "usage: epctl policy lint FILE.yaml"),
    (["policy", "lint", "TMP/absent.yaml"], 3, "", "absent.yaml: No such file"),
    (["policy", "lint", "TMP"], 3, "", "cannot be read"),
    (["policy", "lint", "/dev/zero"], 1, "/dev/zero: the file is larger than 256 KiB", ""),
    (["policy", "build", "GOOD"], 3, "", "usage: epctl policy build"),
    (["policy", "build", "-o", "TMP/x.json"], 3, "", "usage: epctl policy build"),
    (["policy", "build", "GOOD", "-o"], 3, "", "usage: epctl policy build"),
    (["policy", "build", "GOOD", "-x", "TMP/x.json"], 3, "", "usage: epctl policy build"),
    (["policy", "build", "GOOD", "-o", "TMP/no/x.json"], 3, "", "No such file"),
    (["policy", "build", "-o", "TMP/x.json", "GOOD"], 0, "", ""),
]


def commanded(tmp):
    """What the commands say when they are used wrongly; nothing half-written stays behind."""
    places = {"GOOD": os.path.join(HERE, "good/least.yaml")}
    for arguments, status, out, error in COMMANDS:
        words = [places.get(a, a.replace("TMP", tmp)) for a in arguments]
        r = subprocess.run([EPCTL, *words], capture_output=True, text=True, timeout=60)
        if r.returncode != status or out not in r.stdout or error not in r.stderr or bool(r.stdout) != bool(out) or bool(r.stderr) != bool(error):
            return "epctl %s: exit %d, %s%s" % (" ".join(arguments), r.returncode, r.stdout, r.stderr)
    left = sorted(os.listdir(tmp))
    return None if left == ["x.json"] else "left behind: %s" % left


def not_replaced(tmp):
    """A link, a pipe and a full disk: written to or reported, never put a file in the place of."""
    source = os.path.join(HERE, "good/least.yaml")
    os.symlink("/dev/full", os.path.join(tmp, "link"))
    status, _, error = epctl("build", source, "-o", os.path.join(tmp, "link"))
    if status != 3 or "No space left" not in error or os.listdir(tmp) != ["link"] or not os.path.islink(os.path.join(tmp, "link")):
        return "a link to a full disk: exit %d, %s%s" % (status, error, os.listdir(tmp))
    os.unlink(os.path.join(tmp, "link"))
    os.symlink("/dev/stdout", os.path.join(tmp, "link"))
    status, out, error = epctl("build", source, "-o", os.path.join(tmp, "link"))
    if status != 0 or '"rules":[' not in out or not os.path.islink(os.path.join(tmp, "link")):
        return "a link to standard output: exit %d, %s%s" % (status, out, error)
    os.mkfifo(os.path.join(tmp, "pipe"))
    reader = subprocess.Popen(["cat", os.path.join(tmp, "pipe")], stdout=subprocess.PIPE)
    status, _, error = epctl("build", source, "-o", os.path.join(tmp, "pipe"))
    if status != 0 or b'"rules":[' not in reader.communicate(timeout=60)[0] or sorted(os.listdir(tmp)) != ["link", "pipe"]:
        return "a pipe: exit %d, %s%s" % (status, error, os.listdir(tmp))
    with open("/dev/full", "wb") as full:
        for words in (["policy", "lint", source], ["--help"], ["--version"]):
            r = subprocess.run([EPCTL, *words], stdout=full, stderr=subprocess.PIPE, timeout=60)
            if r.returncode != 3 or b"standard output" not in r.stderr:
                return "%s into a full disk: exit %d, %s" % (words, r.returncode, r.stderr)
    return None


def too_large(tmp):
    """A policy that is small enough as it is written, but not with its defaults written out."""
    path = os.path.join(tmp, "large.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write("policy: x\nformat: 1\ntitle: {en: x}\nrules:\n")
        f.write('  - {control: screen_lock, when: {users: [a]}, require: {at_most: 1m}, clauses: [%s, %s]}\n' % (("'%s'" % ('"' * 190),) * 2) * 512)
    status, out, error = epctl("lint", path)
    return None if (status, out) == (1, path + ": the policy's JSON would be larger than 256 KiB\n") else "exit %d: %s%s" % (status, out[:200], error)


def main():
    number = failed = 0
    for check in (commanded, not_replaced, too_large):
        with tempfile.TemporaryDirectory() as tmp:
            why = check(tmp)
        number, failed = number + 1, failed + (why is not None)
        print("not ok %d - %s: %s" % (number, check.__name__, why) if why else "ok %d - %s" % (number, check.__name__))
    with tempfile.TemporaryDirectory() as tmp:
        why = documented(tmp)
        number, failed = number + 1, failed + (why is not None)
        print("not ok %d - docs/policy.md: %s" % (number, why) if why else "ok %d - docs/policy.md" % number)
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
