#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile machines from outside: the traps of test_host as an ordinary user, every open of the probe by strace, and homes full of traps
judged by `epagent check`. Prints TAP.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + "/tests/control")
import machine

BIN = os.path.abspath(os.environ.get("EPAGENT_BIN", "build/linux/bin"))
HOST = os.path.abspath("build/linux/test/test_host")
SECRET = "EPAGENT-SECRET-IN-SOMEBODYS-FILE"
LAYERS = "debian gnome profile db"
CONTROLS = ["screen_lock", "password_memory", "disk_encryption", "antivirus_running", "antivirus_signatures", "usb_storage"]
POLICY = "policy: t\nformat: 1\ntitle: {en: t}\nrules:\n" + "".join("  - {control: %s, require: %s}\n" % x for x in zip(
    CONTROLS, ("{at_most: 10m}", "{is: off}", "{is: on}", "{is: on}", "{at_most: 24h}", "{is: blocked}")))
number = 0
failed = 0


def ok(good, title, detail=""):
    global number, failed
    number += 1
    failed += not good
    print("%s %d - %s%s" % ("ok" if good else "not ok", number, title, "" if good else ": " + str(detail)[:600]), flush=True)


def as_ordinary_user(tmp):
    if os.getuid() != 0:
        return
    shutil.copy(HOST, tmp + "/test_host")
    folder = tmp + "/theirs"
    os.mkdir(folder)
    os.chmod(tmp, 0o755)
    os.chown(folder, 200001, 200001)
    r = subprocess.run(["setpriv", "--reuid", "200001", "--regid", "200001", "--clear-groups", tmp + "/test_host"], cwd=folder, capture_output=True,
                       timeout=60, env={"TMPDIR": folder, "CMOCKA_MESSAGE_OUTPUT": "TAP", "PATH": "/usr/bin:/bin"})
    for line in r.stdout.decode().splitlines():
        match = re.match(r"(not ok|ok) \d+ - (\w+)", line)
        if match:
            ok(match.group(1) == "ok", "as uid 200001: " + match.group(2), r.stderr.decode())
    ok(r.returncode == 0, "as uid 200001: all of it", r.stdout.decode())


SYSTEM = ("RESOLVE_IN_ROOT", "RESOLVE_NO_MAGICLINKS")
HOME = ("RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS", "RESOLVE_NO_MAGICLINKS", "RESOLVE_NO_XDEV")


def sound(line):
    """True if this open cannot be led astray."""
    if "openat2(" in line:
        return any(all(flag in line for flag in flags) for flags in (SYSTEM, HOME))
    if '"/dev/urandom", O_RDONLY' in line:
        return True  # jansson's seed against collisions
    return re.search(r'openat\(AT_FDCWD, "/proc/self/fd/\d+", O_RDONLY\|O_NOCTTY\|O_NONBLOCK', line) is not None


def by_strace(root, title):
    """From the open of the machine's folder on, nothing but openat2 with all its flags, and the reopening of what it gave."""
    r = subprocess.run(["strace", "-f", "-qq", "-e", "trace=open,openat,openat2,creat,open_by_handle_at", "-o", root + ".strace",
                        BIN + "/epagent-probe", "--root", root] + CONTROLS, capture_output=True, timeout=120)
    with open(root + ".strace") as f:
        lines = f.read().splitlines()
    begin = next((i for i, line in enumerate(lines) if '"%s"' % root in line), None)
    ok(r.returncode == 0 and begin is not None and len(lines) - begin > 50, title + ": strace sees the probe", r.stderr)
    bad = [line for line in lines[(begin or 0) + 1:] if not sound(line)]
    ok(not bad, title + ": %d opens, all of them confined" % (len(lines) - (begin or 0)), "\n".join(bad[:3]))


def check(root, policy):
    begin = time.monotonic()
    r = subprocess.run([BIN + "/epagent", "check", "--root", root, "--policy", policy, "--at", "2026-11-22T00:20:00Z", "--json"], capture_output=True,
                       timeout=60)
    return r, time.monotonic() - begin


def trap_symlink(path, root):
    os.symlink("/etc/shadow", path)


def trap_up(path, root):
    os.symlink("../" * 12 + "etc/shadow", path)


def trap_fifo(path, root):
    os.mkfifo(path)


def trap_giant(path, root):
    with open(path, "wb") as f:
        f.truncate(1 << 30)


def trap_hard_link(path, root):
    os.link(root + "/etc/shadow", path)


def trap_folder(path, root):
    os.mkdir(path)


def trap_device(path, root):
    os.mknod(path, 0o20666, os.makedev(1, 5))


def trap_noise(path, root):
    with open(path, "wb") as f:
        f.write(os.urandom(300000))


def trap_loop(path, root):
    os.symlink(os.path.basename(path), path)


TRAPS = [trap_symlink, trap_up, trap_fifo, trap_giant, trap_hard_link, trap_folder, trap_device, trap_noise, trap_loop]
PLACES = ["home/sato/.config/dconf/user", "home/sato/.config", "home/sato/.config/kscreenlockerrc", "home/sato", "etc/dconf/profile/user", "etc/passwd", "etc/clamav/clamd.conf",
          "proc/1/mountinfo", "sys/bus/usb/devices", "etc/chromium/policies/managed/a.json", "etc/firefox/policies/policies.json", "etc/crypttab"]


def place(root, where, trap):
    path = root + "/" + where
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    trap(path, root)


def one_trap(base, tmp, where, trap, policy):
    root = tmp + "/m"
    shutil.copytree(base, root, symlinks=True)
    try:
        place(root, where, trap)
        r, took = check(root, policy)
    finally:
        shutil.rmtree(root)
    title = "%s at /%s" % (trap.__name__[5:].replace("_", " "), where)
    out = (r.stdout + r.stderr).decode(errors="replace")
    if SECRET in out:
        return ok(False, title, "leaks the secret")
    if r.returncode not in (0, 1, 2) or took > 10:
        return ok(False, title, "exit %d in %.1f s: %s" % (r.returncode, took, out))
    rows = json.loads(r.stdout)["controls"]
    bare = [x for x in rows if x["verdict"] in ("pass", "fail", "unknown") and not x["evidence"]]
    ok(not bare and {x["control"] for x in rows} == set(CONTROLS), title, bare)


def main():
    tmp = tempfile.mkdtemp(prefix="epagent-hostile-")
    try:
        as_ordinary_user(tmp)
        base, policy = tmp + "/base", tmp + "/policy.json"
        machine.build(base, "screen_lock", LAYERS)
        with open(base + "/etc/shadow", "w") as f:
            f.write("root:%s:20000::::::\n" % SECRET)
        with open(tmp + "/policy.yaml", "w") as f:
            f.write(POLICY)
        subprocess.run([BIN + "/epctl", "policy", "build", tmp + "/policy.yaml", "-o", policy], check=True)
        by_strace(base, "a plain machine")
        for where in PLACES:
            for trap in TRAPS:
                if trap is not trap_device or os.getuid() == 0:
                    one_trap(base, tmp, where, trap, policy)
        place(base, "home/sato/.config/dconf/user", trap_symlink)
        place(base, "etc/crypttab", trap_loop)
        by_strace(base, "a hostile machine")
    finally:
        shutil.rmtree(tmp)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
