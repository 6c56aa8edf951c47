# SPDX-License-Identifier: Apache-2.0
"""What the suites with real browsers share: a private /etc to write policies in, an ordinary user to run them as, TAP.

Everything happens in a mount namespace of its own: /etc is a copy, /mnt is memory. As root by `unshare -m`; as an ordinary user by
`unshare -Urm`, where the browser runs without capabilities, so that file modes mean for it what they mean for a clerk.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROBE = os.path.join(TOP, "build/linux/bin/epagent-probe")
HOME = "/mnt/home"
CLERK = 65534


def skip_all(why):
    print("1..0 # SKIP " + why)
    print("ok 1 - real browser # SKIP " + why)
    sys.exit(0)


def enter():
    """Starts the calling script again inside the namespace, and returns there."""
    if os.environ.get("EPAGENT_BROWSER_NS") != "1":
        how = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
        if subprocess.run(how + ["true"], capture_output=True).returncode != 0:
            skip_all("no mount namespace may be made here")
        os.environ["EPAGENT_BROWSER_NS"] = "1"
        os.environ["EPAGENT_REAL_ROOT"] = "1" if os.geteuid() == 0 else "0"
        os.execvp(how[0], how + [sys.executable] + sys.argv)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True)
    os.mkdir("/mnt/etc", 0o755)
    # Unreadable files (shadow) are not needed; without real root owners cannot be kept.
    subprocess.run("cp -dR --preserve=mode,timestamps /etc/. /mnt/etc/ 2>/dev/null; chmod 755 /mnt/etc", shell=True)
    subprocess.run(["mount", "--bind", "/mnt/etc", "/etc"], check=True)


def as_clerk(command):
    if os.environ["EPAGENT_REAL_ROOT"] == "1":
        return ["setpriv", "--reuid=%d" % CLERK, "--regid=%d" % CLERK, "--clear-groups"] + command
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"] + command


def new_home():
    shutil.rmtree(HOME, ignore_errors=True)
    os.mkdir(HOME, 0o700)
    if os.environ["EPAGENT_REAL_ROOT"] == "1":
        os.chown(HOME, CLERK, CLERK)
    return HOME


def clerk_environment():
    keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LD_LIBRARY_PATH")}
    return dict(keep, HOME=HOME, XDG_RUNTIME_DIR=HOME, XDG_CACHE_HOME=HOME + "/.cache", TMPDIR=HOME, DBUS_SESSION_BUS_ADDRESS="disabled:")


def chmod(path, mode):
    """What others get. Without real root the browser runs as the owner, who then gets no more than they do."""
    os.chmod(path, mode if os.environ["EPAGENT_REAL_ROOT"] == "1" else (mode & 0o7) * 0o111)


def write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    chmod(path, mode)


def our_fact(subject):
    """(value or state, fixed, reason) as epagent-probe tells it of this very machine."""
    out = subprocess.run([PROBE, "password_memory"], capture_output=True, check=True, timeout=30).stdout
    for fact in json.loads(out)["facts"]:
        if fact["subject"] == subject:
            return fact.get("value", fact["state"]), fact.get("fixed", False), fact.get("reason")
    return None, False, None


def stop(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Tap:
    def __init__(self):
        self.number = self.bad = 0

    def check(self, good, title, detail=""):
        self.number += 1
        self.bad += not good
        print("%sok %d - %s%s" % ("" if good else "not ", self.number, title, "" if good else ": " + detail), flush=True)

    def end(self):
        print("1..%d" % self.number)
        sys.exit(1 if self.bad else 0)
