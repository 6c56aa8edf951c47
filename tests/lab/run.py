#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lab's suites, in a guest with a kernel of its own. Prints TAP, and what was asked and done.

    run.py [--short] [--record DIR] [disks] [units] [resets]

--short is the part that is in `make test`; the whole is `make lab`. --record DIR copies every machine of `disks` into DIR/recorded-NAME.tree.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import disks
from lab import LAB, TOP, Lab, LabError

BIN = os.path.join(TOP, os.environ.get("EPAGENT_BIN", "build/linux/bin"))


class Tap:
    def __init__(self):
        self.number = self.bad = 0
        self.asked, self.done = {}, {}

    def check(self, kind, name, good, why=""):
        self.number += 1
        self.bad += not good
        self.asked[kind] = self.asked.get(kind, 0) + 1
        self.done[kind] = self.done.get(kind, 0) + bool(good)
        why = " ".join(str(why).split())[:600]
        print("%sok %d - lab %s: %s%s" % ("" if good else "not ", self.number, kind, name, "" if good else " (%s)" % why), flush=True)
        return good

    def end(self):
        for kind in self.asked:
            print("# report: lab %-24s asked %3d   done %3d" % (kind, self.asked[kind], self.done[kind]))
        print("1..%d" % self.number)
        return 1 if self.bad or not self.number else 0


def skip_all(why):
    print("1..0 # SKIP %s" % why)
    print("ok 1 - lab # SKIP %s" % why)
    sys.exit(0)


def prepare():
    """Image and warm state. Only root can make the image; a guest that is there can be used by anybody."""
    r = subprocess.run([HERE + "/build-image.sh"], capture_output=True)
    if r.returncode == 3:
        skip_all("the guest's disk is made by root only")
    if r.returncode:
        sys.exit("build-image.sh: " + r.stderr.decode(errors="replace")[-2000:])
    lab = Lab("suite")
    start = time.monotonic()
    if not os.path.exists(os.path.join(LAB, "warm/state")):
        lab.boot(warm=False)
        lab.save()
    lab.boot()
    print("# guest ready after %.1f s" % (time.monotonic() - start), flush=True)
    return lab


def policy(lab, control, require, name):
    source = os.path.join(lab.dir, name + ".yaml")
    with open(source, "w") as f:
        f.write("policy: lab\nformat: 1\ntitle: {en: lab}\nrules:\n  - control: %s\n    require: %s\n" % (control, require))
    subprocess.run([BIN + "/epctl", "policy", "build", source, "-o", source[:-5] + ".json"], check=True)
    lab.put(source[:-5] + ".json", "/run/%s.json" % name)


def run_disks(lab, tap, args):
    lab.run("mkdir -p /run/ep", check=True)
    for program in ("epagent", "epagent-probe"):
        lab.put(os.path.join(BIN, program), "/run/ep/" + program)
    policy(lab, "disk_encryption", "{is: on}", "disk")
    if args.record:
        lab.put(os.path.join(TOP, "tests/control/record"), "/run/record")
    for _ in range(4):
        lab.disk(256 << 20)
    for name, short, expected, commands in disks.SCENARIOS:
        if args.short and not short or args.only and name not in args.only:
            continue
        up = lab.run(disks.HEAD + commands + "\nudevadm settle", 120)
        if up.status:
            tap.check("disk_encryption", name, False, "setting up: exit %d: %s" % (up.status, up.err.decode(errors="replace")))
        else:
            check_disks(lab, tap, name, expected)
        if args.record and not up.status:
            with open(os.path.join(args.record, "recorded-%s.tree" % name), "wb") as f:
                f.write(lab.run("/run/record disk_encryption", 120, check=True).out)
        lab.run(disks.TAIL, 120)


def check_disks(lab, tap, name, expected):
    r = lab.run("/run/ep/epagent check --policy /run/disk.json --json")
    try:
        rows = json.loads(r.out)["controls"]
    except (ValueError, KeyError):
        tap.check("disk_encryption", name, False, "exit %d: %s" % (r.status, r.err.decode(errors="replace")))
        return
    got = sorted("%s=%s:%s" % (x["subject"], x["verdict"], x["code"].partition(".")[2]) for x in rows)
    want = sorted(expected.split() + [disks.ROOT])
    tap.check("disk_encryption", name, got == want and r.status == 1, "wanted %s, got %s, exit %d" % (want, got, r.status))


SUITES = {"disks": run_disks}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--short", action="store_true")
    args.add_argument("--record", metavar="DIR")
    args.add_argument("--only", action="append", help="this scenario of disks (may be repeated)")
    args.add_argument("suites", nargs="*")
    a = args.parse_args()
    if not shutil.which("qemu-system-x86_64"):
        skip_all("qemu-system-x86 is not installed (packaging/deps.sh lab)")
    lab, tap = prepare(), Tap()
    try:
        for name in a.suites or SUITES:
            try:
                SUITES[name](lab, tap, a)
            except (LabError, OSError, subprocess.CalledProcessError) as e:
                tap.check(name, "ran to its end", False, e)
                lab.stop()
                lab.boot()
    finally:
        lab.stop()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
