#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real KConfig beside our reading: every Plasma 5 machine of tests/control/screen_lock.cases whose fact is known.

kreadconfig5 must read what we read, in the languages that the case uses, and kwriteconfig5 must be able to change something exactly
where we say that the user can. Both tools leave kdeglobals out, so machines with that file are not compared.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dconf_agree
import machine
import run

ROOT = os.geteuid() == 0
KEYS = {"Autolock": "true", "Timeout": "5", "LockGrace": "5", "Lock": "true"}
# kwriteconfig5 also refuses what the user closed himself, and what others may write is no lock for us.
OURS_ALONE = ("by the user himself", "others may write")


def tool(root, name, *args, language="C"):
    home = root + "/home/sato"
    env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_CONFIG_HOME": home + "/.config", "XDG_CONFIG_DIRS": home + "/.config/kdedefaults:" + root + "/etc/xdg",
           "LC_ALL": language + ".UTF-8", "LANGUAGE": language, "QT_LOGGING_RULES": "*=false"}
    drop = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"] if ROOT else []
    r = subprocess.run(drop + [name, "--file", "kscreenlockerrc", "--group", "Daemon", *args], capture_output=True, text=True, timeout=30, env=env)
    return r.stdout.rstrip("\n")


def number(text, otherwise):
    return int(text) if re.fullmatch(r"\s*[+-]?\d+\s*", text) else otherwise


def read(root, language):
    v = {k: tool(root, "kreadconfig5", "--key", k, "--default", d, language=language) for k, d in KEYS.items()}
    off = {k for k in ("Autolock", "Lock") if v[k].lower() in ("false", "no", "off", "0")}
    timeout, grace = number(v["Timeout"], 5), number(v["LockGrace"], 5)
    if off or not 0 < timeout <= (2**31 - 1) // 60000 or not 0 <= grace <= (2**31 - 1) // 1000:
        return 0
    return timeout * 60 + grace


def can_change(root):
    mine = root + "/home/sato/.config/kscreenlockerrc"
    for key in KEYS:
        tool(root, "kwriteconfig5", "--key", key, "54321")
        if os.path.exists(mine) and "54321" in open(mine, encoding="utf-8").read():
            return True
    return False


def wanted(fields):
    words = [n for n, _ in machine.parse_layers(fields[1])]
    if "kde" not in words or {"gnome", "kde6"} & set(words) or "kdeglobals" in fields[1] or "fifo" in fields[1]:
        return False
    return not any(x in fields[0] for x in OURS_ALONE) and (ROOT or "mode=06" not in fields[1])


def main():
    missing = [t for t in ("kreadconfig5", "kwriteconfig5", "setpriv") if not shutil.which(t)]
    if missing:
        print("ok 1 - KConfig agrees # SKIP no " + " ".join(missing))
        return 0
    count = bad = 0
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
            mine = dconf_agree.ours(root)
            if mine is None:
                continue
            if ROOT:
                subprocess.run(["chown", "-hR", "1000:1000", root + "/home/sato"], check=True)
            seen = [read(root, language) for language in ("C", "ja_JP")]
            theirs = (0 if 0 in seen else max(seen)), not can_change(root)
        count += 1
        bad += theirs != mine
        print("%sok %d - %s%s" % ("" if theirs == mine else "not ", count, fields[0], "" if theirs == mine else ": KConfig %s, we %s" % (theirs, mine)), flush=True)
    print("1..%d" % count)
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())
