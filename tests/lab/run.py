#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lab's suites, in a guest with a kernel of its own. Prints TAP, and what was asked and done.

    run.py [--short] [--record DIR] [--only SCENARIO] [units] [disks] [resets]

units: the installed units; disks: disk_encryption on what the real tools make; resets: power lost in a burst of records (EPAGENT_SEED repeats).

--short is the part that is in `make test`; the whole is `make lab`. --record DIR copies every machine of `disks` into DIR/recorded-NAME.tree.
"""
import argparse
import hashlib
import json
import random
import re
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import disks
import faults
import units
import usb
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

    def skip(self, name, why):
        self.number += 1
        print("ok %d - lab %s # SKIP %s" % (self.number, name, why), flush=True)

    def end(self):
        for kind in self.asked:
            print("# report: lab %-24s asked %3d   done %3d" % (kind, self.asked[kind], self.done[kind]))
        print("1..%d" % self.number)
        return 1 if self.bad or not self.number else 0


def skip_all(why):
    print("1..0 # SKIP %s" % why)
    print("ok 1 - lab # SKIP %s" % why)
    sys.exit(0)


def prepare(name):
    """Image and warm state. Only root can make the image; a guest that is there can be used by anybody."""
    r = subprocess.run([HERE + "/build-image.sh"], capture_output=True)
    if r.returncode == 3:
        skip_all("the guest's disk is made by root only")
    if r.returncode:
        sys.exit("build-image.sh: " + r.stderr.decode(errors="replace")[-2000:])
    lab = Lab(name)
    start = time.monotonic()
    # A saved state fits only the machine that it was saved from.
    stamp = os.path.join(LAB, "warm/stamp")
    with open(HERE + "/lab.py", "rb") as f:
        wanted = hashlib.sha256(f.read()).hexdigest()
    if not os.path.exists(stamp) or open(stamp).read() != wanted:
        lab.boot(warm=False)
        lab.save()
        with open(stamp, "w") as f:
            f.write(wanted)
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


BURST = """
mkdir -p /var/lib/lab
(i=0; while :; do i=$((i+1)); echo "append verdict {\\"round\\":%d,\\"i\\":$i}"; done) |
/usr/local/lib/lab/journal_driver /var/lib/lab/journal --size 33554432 > /dev/virtio-ports/lab.log 2>/dev/null &
"""


def told(lab, start):
    """The last record that the journal promised before the power went: (key, epoch, number, hash), and how many there were."""
    with open(lab.path("guest.log"), "rb") as f:
        f.seek(start)
        text = f.read().decode(errors="replace")
    key = re.search(r"^key ([0-9a-f]+)$", text, re.M)
    lines = re.findall(r"^ok ([0-9a-f]{16}) (\d+) ([0-9a-f]{64})$", text, re.M)
    return key and key.group(1), lines[-1] if lines else None, len(lines)


def run_resets(lab, tap, args):
    rounds, seed = 2 if args.short else 20, int(os.environ.get("EPAGENT_SEED", time.time_ns() % 1000000))
    print("# resets: EPAGENT_SEED=%d" % seed)
    chance = random.Random(seed)
    lab.run("mkdir -p /usr/local/lib/lab", check=True)
    lab.put(os.path.join(TOP, "build/linux/test/journal_driver"), "/usr/local/lib/lab/journal_driver")
    lab.run("sync", check=True)
    for n in range(rounds):
        start = os.path.getsize(lab.path("guest.log"))
        lab.run(BURST % n, check=True)
        end = time.monotonic() + 60
        while told(lab, start)[2] < chance.randint(1, 400) and time.monotonic() < end:
            time.sleep(chance.random() / 2)
        lab.reset()
        key, last, count = told(lab, start)
        if not last:
            tap.check("hard_reset", "round %d" % n, False, "nothing was recorded before the reset")
            continue
        # Opening it is what core does after a crash; what was promised must be there, and the chain whole.
        opened = lab.run("echo stop | /usr/local/lib/lab/journal_driver /var/lib/lab/journal --size 33554432", 120)
        r = lab.run("/usr/local/lib/lab/journal_driver --verify /var/lib/lab/journal %s %s %s %s" % ((key,) + last), 120)
        good = r.status == 0 and " found=1 " in r.text and opened.status == 0
        tap.check("hard_reset", "round %d: %d records promised, the last %s" % (n, count, last[1]), good, opened.text + " / " + r.text)


def run_units(lab, tap, args):
    del args
    if not os.path.exists(os.path.join(TOP, "packaging/install/run")):
        tap.skip("units", "there is no make install yet")
        return
    units.run_units(lab, tap, BIN)


def run_usb(lab, tap, args):
    del args
    usb.run_usb(lab, tap, BIN)


def run_faults(lab, tap, args):
    if args.short:
        return  # `make lab` and `make soak`
    faults.run_faults(lab, tap, os.path.join(TOP, "build/linux/test/journal_driver"))


SUITES = {"units": run_units, "disks": run_disks, "usb": run_usb, "faults": run_faults, "resets": run_resets}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--short", action="store_true")
    args.add_argument("--record", metavar="DIR")
    args.add_argument("--only", action="append", help="this scenario of disks (may be repeated)")
    args.add_argument("--vm", default="suite", help="the guest's folder under build/lab")
    args.add_argument("suites", nargs="*")
    a = args.parse_args()
    if not shutil.which("qemu-system-x86_64"):
        skip_all("qemu-system-x86 is not installed (packaging/deps.sh lab)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the guest is stopped below, however this ends
    lab, tap = prepare(a.vm), Tap()
    try:
        for number, name in enumerate(a.suites or SUITES):
            if number:
                lab.boot()  # each suite has a guest as it was saved
            try:
                SUITES[name](lab, tap, a)
            except (LabError, OSError, subprocess.CalledProcessError) as e:
                tap.check(name, "ran to its end", False, e)
    finally:
        lab.stop()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
