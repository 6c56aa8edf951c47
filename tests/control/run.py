#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges the fixture machines: tests/control/<control>.cases, one line a case. Prints TAP, and with --table the verdict table.

    name | layer layer(param=value) ... | require | subject=verdict:code subject=verdict:code ...

`require` is the rule's requirement as in a policy, e.g. {at_most: 10m}; the code is without "<control>.". The rows must be exactly those
given, in any order. Blank lines and lines that begin with # are skipped. "| at=RFC3339" may follow as a fifth column.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import machine

BIN = os.environ.get("EPAGENT_BIN", "build/linux/bin")
AT = "2026-11-22T00:20:00Z"
POLICY = "policy: fixture\nformat: 1\ntitle: {en: fixture}\nrules:\n  - control: %s\n    require: %s\n"


def policy_file(control, require, cache, tmp):
    if (control, require) not in cache:
        base = os.path.join(tmp, "policy%d" % len(cache))
        with open(base + ".yaml", "w") as f:
            f.write(POLICY % (control, require))
        subprocess.run([BIN + "/epctl", "policy", "build", base + ".yaml", "-o", base + ".json"], check=True)
        cache[(control, require)] = base + ".json"
    return cache[(control, require)]


def cases(path):
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.strip() and not line.startswith("#"):
                fields = [x.strip() for x in line.split("|")]
                if len(fields) not in (4, 5):
                    sys.exit("%s:%d: want: name | layers | require | expected rows [| at=TIME]" % (path, number))
                yield fields


def judge(root, policy, at):
    r = subprocess.run([BIN + "/epagent", "check", "--root", root, "--policy", policy, "--at", at, "--json"], capture_output=True, timeout=60)
    if r.returncode not in (0, 1, 2):
        return None, "exit %d: %s" % (r.returncode, r.stderr.decode(errors="replace").strip())
    return json.loads(r.stdout)["controls"], None


def shown(row):
    code = row["code"].partition(".")[2]
    return "%s=%s:%s" % (row["subject"], row["verdict"], code)


def one(control, fields, tmp, args, cache={}):
    name, layers, require, expected = fields[:4]
    at = fields[4].partition("=")[2] if len(fields) == 5 else AT
    folder = args.keep or args.reuse
    with tempfile.TemporaryDirectory(dir=tmp) as d:
        root = os.path.join(folder, control, name) if folder else d + "/m"
        try:
            if not args.reuse:
                machine.build(root, control, layers)
        except machine.NeedsRoot as e:
            return "skip", str(e), []
        rows, error = judge(root, policy_file(control, require, cache, tmp), at)
    if error:
        return "fail", error, []
    got, want = sorted(shown(r) for r in rows), sorted(expected.split())
    if got != want:
        return "fail", "wanted %s, got %s" % (" ".join(want), " ".join(got)), rows
    for row in rows:
        if row["verdict"] in ("pass", "fail") and not row["evidence"]:
            return "fail", "%s %s without evidence" % (row["subject"], row["verdict"]), rows
    return "ok", "", rows


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--table", action="store_true", help="print every machine with its verdicts")
    args.add_argument("--keep", metavar="DIR", help="build the machines below DIR and leave them there")
    args.add_argument("--reuse", metavar="DIR", help="judge the machines that --keep left below DIR")
    args.add_argument("--first", action="store_true", help="stop at the first failure")
    args.add_argument("cases", nargs="*")
    a = args.parse_args()
    files = a.cases or sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*.cases")))
    number, bad, seen = 0, 0, set()
    with tempfile.TemporaryDirectory() as tmp:
        for path in files:
            control = os.path.basename(path)[:-len(".cases")]
            for fields in cases(path):
                number += 1
                state, why, rows = one(control, fields, tmp, a)
                title = "%s %s" % (control, fields[0])
                bad += state == "fail"
                if bad and a.first:
                    return 1
                print({"ok": "ok %d - %s", "skip": "ok %d - %s # SKIP " + why, "fail": "not ok %d - %s: " + why.replace("%", "%%")}[state] % (number, title), flush=True)
                seen.update((control, r["code"], json.dumps([e["source"] for e in r["evidence"]])) for r in rows)
                if a.table:
                    for r in rows:
                        print("# %-22s %-44s %-26s %-14s %s" % (control, fields[0], r["subject"], r["verdict"], r["code"]))
    print("1..%d" % number)
    print("# %d machines, %d different (control, code, sources)" % (number, len(seen)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
