#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `make demo` does after the build: verdicts within 10 s and the exact line to ask again, as root and as an ordinary user; it ends with Ctrl-C
and leaves nothing, and nothing outside its folder is written."""
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import TOP, WORK, Tap  # noqa: E402

POLICY = os.path.join(TOP, "policy/examples/standard.yaml")
ODD = "epagent-demo- 試用 (1)'s "  # a folder that a shell would take apart


def copy_for(uid):
    """A clone's worth of what the demo needs, that this user owns: the real clone may be root's."""
    folder = tempfile.mkdtemp(prefix=ODD)
    os.chmod(folder, 0o755)
    for part in ("packaging/demo", "build/linux/bin"):
        shutil.copytree(os.path.join(TOP, part), os.path.join(folder, part), symlinks=True)
    os.makedirs(os.path.join(folder, "policy/examples"))
    shutil.copy(POLICY, os.path.join(folder, "policy/examples"))
    for base, folders, files in os.walk(folder):
        for name in [base] + [os.path.join(base, x) for x in folders + files]:
            os.chown(name, uid, uid)
    return folder


def ours():
    """Processes of a demo that still live."""
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if "epagent-demo-" in line and "python" not in line:
                found.append(line)
    return found


def demo_as(tap, uid, who):
    folder = copy_for(uid)
    try:
        start = time.monotonic()
        process = subprocess.Popen([os.path.join(folder, "packaging/demo/run")], cwd="/", user=uid, group=uid, extra_groups=[], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}, start_new_session=True,
                                   preexec_fn=hears_ctrl_c)
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        took = time.monotonic() - start
        tap.ok("Ctrl-C" in said and took < 10, "as %s: verdicts in %.1f s" % (who, took), said)
        line = re.search(r"^ +(\S.*epagent'? --status --run .+)$", said, re.M)
        again = subprocess.run(shlex.split(line.group(1)), capture_output=True, text=True, check=False) if line else None
        tap.ok(again and again.returncode in (0, 1, 2) and again.stdout.splitlines()[0] in said, "as %s: the line it names answers the same" % who, again)
        second = subprocess.run([os.path.join(folder, "packaging/demo/run")], user=uid, group=uid, extra_groups=[], capture_output=True, text=True, timeout=20,
                                check=False)
        tap.ok(second.returncode == 1 and "another one" in second.stderr, "as %s: a second one in the same folder is refused" % who, second)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        process.wait(15)
        tap.ok(not ours(), "as %s: Ctrl-C ends all" % who, ours())
        outside = [x for x in os.listdir(folder) if x not in ("packaging", "build", "policy")]
        tap.ok(not outside and not os.path.exists("/run/epagent") and not os.path.exists("/var/lib/epagent"), "as %s: nothing outside build/" % who, outside)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def hears_ctrl_c():
    """In the child: a shell starts what runs in its background with SIGINT ignored, and that is inherited; a person's terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def cut_off_early(tap):
    """Ctrl-C while it prepares: bash without a trap goes on if it meets a command that ends well."""
    folder = copy_for(os.geteuid())
    late = []
    try:
        for i in range(40):
            process = subprocess.Popen([os.path.join(folder, "packaging/demo/run")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                       preexec_fn=hears_ctrl_c)
            time.sleep(0.004 * i)
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                late.append(0.004 * i)
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(10)
        tap.ok(not late and not ours(), "Ctrl-C ends it from the beginning", (late, ours()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def builds(tap):
    with tempfile.TemporaryDirectory(prefix=ODD) as folder:
        for part in ("Makefile", "agent", "base", "mk", "platform", "policy", "server", "tests"):
            os.symlink(os.path.join(TOP, part), os.path.join(folder, part))
        r = subprocess.run(["make", "build/linux/obj/base/err.o"], cwd=folder, capture_output=True, text=True, check=False)
        tap.ok(r.returncode == 0, "it builds in a folder called %s" % ODD, r.stderr)


def main(tap):
    os.makedirs(WORK, exist_ok=True)
    builds(tap)
    if not os.path.exists(POLICY):
        tap.ok(False, "policy/examples/standard.yaml is there")
        return
    cut_off_early(tap)
    demo_as(tap, os.geteuid(), "whoever runs this")
    if os.geteuid() == 0:
        demo_as(tap, pwd.getpwnam("nobody").pw_uid, "an ordinary user")
    else:
        tap.skip("demo as another user", "wants root: to be somebody else")


if __name__ == "__main__":
    sys.exit(Tap().run(main))
