#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real GSettings beside our reading: every GNOME machine of tests/control/screen_lock.cases whose fact is known.

In a mount namespace of its own each machine's folders are laid over the real ones, and as its user (uid 1000) `gsettings get` and
`gsettings writable` must say what epagent-probe says: the time until the lock, and whether all keys that count are closed.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "control"))
import machine
import run

BIN = os.environ.get("EPAGENT_BIN", "build/linux/bin")
ROOT = os.geteuid() == 0
KEYS = (("org.gnome.desktop.session", "idle-delay"), ("org.gnome.desktop.screensaver", "lock-delay"),
        ("org.gnome.desktop.screensaver", "lock-enabled"), ("org.gnome.desktop.lockdown", "disable-lock-screen"))
# Files that others may write are read by GSettings all the same; that they are nobody's lock is our own judgement.
OURS_ALONE = ("that others may write",)

INSIDE = r"""
cd "$1"
for d in etc usr run srv; do
	[ -d "$d" ] && { mount -t overlay overlay -o "lowerdir=$1/$d:/$d" "/$d" || exit 77; }
done
as="$2"
exec $as bash -c '
export HOME=$0/home/sato XDG_RUNTIME_DIR=$0/run/user/1000
unset DCONF_PROFILE GSETTINGS_BACKEND XDG_CONFIG_HOME XDG_DATA_DIRS XDG_DATA_HOME DBUS_SESSION_BUS_ADDRESS
for k in "org.gnome.desktop.session idle-delay" "org.gnome.desktop.screensaver lock-delay" "org.gnome.desktop.screensaver lock-enabled" "org.gnome.desktop.lockdown disable-lock-screen"; do
	gsettings get $k && gsettings writable $k || exit 78
done' "$1"
"""


def real(root, desktop):
    """(seconds or 0 for never, nothing writable) by gsettings, or a text that says why not."""
    if ROOT:
        command, user = ["unshare", "-m", "--propagation", "private"], "setpriv --reuid=1000 --regid=1000 --clear-groups"
        subprocess.run(["chown", "-hR", "1000:1000", root + "/home/sato"], check=True)
    else:
        command, user = ["unshare", "-Urm"], "unshare -U --map-user=1000 --map-group=1000"
    r = subprocess.run(command + ["bash", "-c", INSIDE, "bash", root, user], capture_output=True, text=True, timeout=60,
                       env=dict(os.environ, XDG_CURRENT_DESKTOP=desktop, LC_ALL="C"))
    lines = [x for x in r.stdout.split("\n") if x]
    if r.returncode or len(lines) != 8:
        return "exit %d: %s %s" % (r.returncode, r.stdout.strip(), r.stderr.strip()[-300:])
    idle, delay = int(lines[0].split()[-1]), int(lines[2].split()[-1])
    on = idle and lines[4] == "true" and lines[6] == "false"
    return (idle + delay if on else 0), not any(x == "true" for x in lines[1::2])


def ours(root):
    r = subprocess.run([BIN + "/epagent-probe", "--root", root, "screen_lock"], capture_output=True, check=True, timeout=60)
    fact = next((f for f in json.loads(r.stdout)["facts"] if f["subject"] == "user:1000"), None)
    if not fact or fact["state"] != "known":
        return None
    return (0 if fact["value"] == "never" else fact["value"]), fact["fixed"]


def wanted(fields):
    words = [n for n, _ in machine.parse_layers(fields[1])]
    if not {"gnome", "ubuntu"} & set(words) or {"kde", "kde6", "session"} & set(words) or {"gnome", "ubuntu"} <= set(words):
        return False
    if any(x in fields[0] for x in OURS_ALONE):
        return False
    if "fifo" in fields[1]:  # dconf itself waits for ever there
        return False
    return ROOT or "mode=06" not in fields[1]


def main():
    missing = [t for t in ("gsettings", "dconf", "unshare", "setpriv") if not shutil.which(t)]
    if missing:
        print("ok 1 - gsettings agrees # SKIP no " + " ".join(missing))
        return 0
    number = bad = 0
    for fields in run.cases(os.path.join(os.path.dirname(run.__file__), "screen_lock.cases")):
        if not wanted(fields):
            continue
        with tempfile.TemporaryDirectory(dir="/tmp") as d:
            root = d + "/m"
            os.chmod(d, 0o755)
            try:
                machine.build(root, "screen_lock", fields[1])
            except machine.NeedsRoot:
                continue
            mine = ours(root)
            if mine is None:
                continue
            theirs = real(root, "ubuntu:GNOME" if fields[1].split()[1] == "ubuntu" else "GNOME")
        number += 1
        if isinstance(theirs, str) and "exit 77" in theirs:
            print("ok %d - %s # SKIP no overlay in a namespace here" % (number, fields[0]))
            continue
        good = theirs == mine
        bad += not good
        print("%sok %d - %s%s" % ("" if good else "not ", number, fields[0], "" if good else ": gsettings %s, we %s" % (theirs, mine)), flush=True)
    print("1..%d" % number)
    return 1 if bad or not number else 0


if __name__ == "__main__":
    sys.exit(main())
