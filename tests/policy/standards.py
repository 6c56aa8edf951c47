#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The clause maps and the ready policies belong together. Prints TAP.

Each clause map is whole and names only controls that there are; each zone of a standard has its ready policy; each ready policy loads,
observes, uses written controls only, all of them, and names only clauses that there are.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

EPCTL = os.environ.get("EPCTL", "build/linux/bin/epctl")
MEDIA_WORDS = {"access", "encrypted", "scanned"}
CENTRE = {"media_register", "media_carry", "monitoring", "compliance_view", "exceptions", "incident", "change_record", "audit_report", "backup"}
STANDARDS = {"niigata": 1, "kitakami": 2, "mutsu": 3, "kumamoto": 3, "kyoto-kyosai": 3}
number = failed = 0


def check(name, problems):
    global number, failed
    number += 1
    problems = list(problems)
    failed += bool(problems)
    print("not ok %d - %s: %s" % (number, name, "; ".join(problems[:5])) if problems else "ok %d - %s" % (number, name))


def controls():
    with open("policy/controls.def", encoding="utf-8") as f:
        found = re.findall(r"^(CONTROL|LATER)\((\w+),\s+(\w+)", f.read(), re.M)
    return {name for kind, name, _ in found if kind == "CONTROL"}, {name for _, name, _ in found}, {n for _, n, s in found if s == "MEDIUM"}


def clause_problems(clause, zones, known, media):
    if set(clause) - {"zone"} != {"ref", "level", "kind", "controls", "ja", "en"} or not clause["ja"] or not clause["en"]:
        yield "%s: not {ref, level, kind, zone, controls, ja, en}" % clause.get("ref")
        return
    if clause["level"] not in ("must", "should") or clause["kind"] not in ("enforce", "check", "record", "inform", "attest"):
        yield "%s: level or kind" % clause["ref"]
    if "zone" in clause and clause["zone"] not in zones:
        yield "%s: there is no zone %s" % (clause["ref"], clause["zone"])
    if (clause["kind"] == "attest") != (not clause["controls"]):
        yield "%s: attest and no controls go together" % clause["ref"]
    for control in clause["controls"]:
        name, _, word = control.partition(".")
        if name not in known or (word and (name not in media or word not in MEDIA_WORDS)):
            yield "%s: there is no control %s" % (clause["ref"], control)


def standard_problems(name, content, known, media):
    zones = [z["id"] for z in content["zones"]]
    refs = [c["ref"] for c in content["clauses"]]
    if content["standard"] != name or content["format"] != 1 or len(zones) != STANDARDS[name]:
        yield "its head"
    for ref in sorted({r for r in refs if refs.count(r) > 1}):
        yield "%s twice" % ref
    for clause in content["clauses"]:
        yield from clause_problems(clause, zones, known, media)
    for zone in zones:
        if not os.path.exists("policy/examples/%s-%s.yaml" % (name, zone)):
            yield "no ready policy for the zone %s" % zone


def build(path):
    with tempfile.TemporaryDirectory() as tmp:
        target = os.path.join(tmp, "policy.json")
        r = subprocess.run([EPCTL, "policy", "build", path, "-o", target], capture_output=True)
        if r.returncode != 0:
            return None, r.stderr.decode()
        with open(target, encoding="utf-8") as f:
            return json.load(f), None


def example_problems(name, refs, written, zones):
    policy, error = build("policy/examples/%s.yaml" % name)
    if error:
        yield error
        return
    used = {r["control"] for r in policy["rules"]}
    if policy["policy"] != name or (name != "standard" and policy.get("zone") not in zones.get(name.rpartition("-")[0], ())):
        yield "its id or zone"
    if used != written:
        yield "uses %s, written are %s" % (sorted(used), sorted(written))
    for rule in policy["rules"]:
        if rule["mode"] != "observe":
            yield "%s does not observe" % rule["control"]
        if not rule["clauses"]:
            yield "%s names no clause" % rule["control"]
        for clause in set(rule["clauses"]) - refs:
            yield "there is no clause %s" % clause


def main():
    written, all_controls, media = controls()
    refs, zones = set(), {}
    for name in STANDARDS:
        with open("policy/standards/%s.yaml" % name, encoding="utf-8") as f:
            content = yaml.safe_load(f)
        refs |= {"%s %s" % (name, c["ref"]) for c in content["clauses"]}
        zones[name] = {z["id"] for z in content["zones"]}
        check("standards/" + name, standard_problems(name, content, all_controls | CENTRE, media))
    for path in sorted(glob.glob("policy/examples/*.yaml")):
        name = os.path.basename(path)[:-len(".yaml")]
        check("examples/" + name, example_problems(name, refs, written, zones))
    with open("docs/policy.md", encoding="utf-8") as f:
        text = f.read()
    check("docs/policy.md names every control", ("%s is not there" % name for name in sorted(all_controls) if "`%s`" % name not in text))
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
