#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shared judge cases: tests/judge/*.json, each a list of cases. Prints TAP.

    EPAGENT="wine build/win32/bin/epagent.exe" tests/judge/run.py [FILE.json ...]

A case: name, at, policy, facts (as epagent-probe answers), register and orders (may be absent), expect: exit, verdict and rows. A row
is compared by the keys it names; the rows must be all of them, in this order. With exit 3: error, a part of what must be said instead.
The command reads and writes plain files only, relative to where it is run, so that it may be a program of another system.
"""
import glob
import json
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = ["control", "subject", "verdict", "code", "params", "found", "required", "mend", "mode", "severity", "clauses", "since",
        "exemption", "evidence"]


def command():
    words = shlex.split(os.environ.get("EPAGENT") or os.environ.get("EPAGENT_BIN", "build/linux/bin") + "/epagent")
    return [os.path.abspath(w) if os.path.exists(w) else w for w in words]


def run(case, folder):
    """(exit status, standard output, standard error)"""
    arguments = ["check", "--json", "--at", case["at"]]
    for name in ("policy", "facts", "register", "orders"):
        if name in case:
            with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
                json.dump(case[name], f)
            arguments += ["--" + name, name + ".json"]
    out, error = os.path.join(folder, "out"), os.path.join(folder, "error")
    with open(out, "wb") as o, open(error, "wb") as e:
        status = subprocess.run(command() + arguments, stdin=subprocess.DEVNULL, stdout=o, stderr=e, cwd=folder, timeout=120).returncode
    with open(out, "rb") as o, open(error, "rb") as e:
        return status, o.read(), e.read().decode(errors="replace")


def compare_row(got, want):
    if list(got) != KEYS:
        return "the keys are %s" % list(got)
    for key, value in want.items():
        if got[key] != value or type(got[key]) is not type(value):
            return "%s: %s is %s, wanted %s" % (got["subject"], key, json.dumps(got[key]), json.dumps(value))
    return None


def compare(case, status, out, error):
    want = case["expect"]
    if status != want["exit"]:
        return "exit %s, wanted %s: %s%s" % (status, want["exit"], out[:300], error)
    if "error" in want:
        return None if want["error"] in error and not out else "wanted the error %r, got %r and %r" % (want["error"], error, out[:100])
    report = json.loads(out)
    if list(report) != ["schema", "at", "host", "verdict", "policy", "controls", "hidden"]:
        return "the report's keys are %s" % list(report)
    head = (report["schema"], report["at"], report["host"], report["verdict"], report["hidden"])
    if head != (1, case["at"], None, want["verdict"], 0) or report["policy"] != {"id": "case", "version": 7}:
        return "the report begins with %s %s, wanted the verdict %s" % (head, report["policy"], want["verdict"])
    if len(report["controls"]) != len(want["rows"]):
        return "%d rows, wanted %d" % (len(report["controls"]), len(want["rows"]))
    return next((why for why in map(compare_row, report["controls"], want["rows"]) if why), None)


def main():
    number = failed = 0
    for path in sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "*.json"))):
        with open(path, encoding="utf-8") as f:
            cases = json.load(f)
        for case in cases:
            number += 1
            with tempfile.TemporaryDirectory() as folder:
                why = compare(case, *run(case, folder))
            failed += why is not None
            name = "%s: %s" % (os.path.basename(path)[:-len(".json")], case["name"])
            print("not ok %d - %s: %s" % (number, name, why) if why else "ok %d - %s" % (number, name), flush=True)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
