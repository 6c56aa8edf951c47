#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Drives the lab: a Debian guest with a kernel of its own under QEMU.

    lab.py [--vm NAME] boot [--append "KERNEL ARGS"] [--cold] [--keep]
                                        a fresh overlay, from the saved warm state if there is one (--keep: the disk as it was left)
    lab.py save                         saves the running guest as the warm state, and stops it
    lab.py run [-t SECONDS] COMMAND...  a shell command in the guest; its output and exit status
    lab.py put FILE GUESTPATH           mode bits are kept
    lab.py get GUESTPATH FILE
    lab.py disk SIZE                    attaches an empty virtio disk
    lab.py stop

Needs packaging/deps.sh lab and what build-image.sh leaves in $EPAGENT_LAB (build/lab). LAB_ACCEL, LAB_CPU and LAB_KERNEL override QEMU's
accelerator (software emulation; "kvm" where there is a real one), CPU and kernel. The guest reaches this machine's 127.0.0.1 as 10.0.2.2.
Suites import Lab from here: starting Python for each verb is most of a verb's time.
"""
import argparse
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAB = os.path.abspath(os.environ.get("EPAGENT_LAB") or os.path.join(TOP, "build/lab"))


class LabError(Exception):
    pass


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def text(self):
        return self.out.decode(errors="replace").strip()


def connect(path, seconds):
    """A UNIX socket's path has room for 107 bytes, however deep the clone lies: it is reached through its folder's descriptor."""
    end = time.monotonic() + seconds
    while True:
        s = socket.socket(socket.AF_UNIX)
        try:
            folder = os.open(os.path.dirname(path), os.O_PATH)
            try:
                s.connect("/proc/self/fd/%d/%s" % (folder, os.path.basename(path)))
            finally:
                os.close(folder)
            return s
        except OSError:
            s.close()
            if time.monotonic() > end:
                raise LabError("cannot connect to " + path)
            time.sleep(0.02)


class Lab:
    """One guest. Its files live in $EPAGENT_LAB/NAME; QEMU runs in that folder, so that its sockets have short names."""

    def __init__(self, name="vm0"):
        self.dir = os.path.join(LAB, name)
        self._qmp = self._ctl = self._process = None

    def path(self, name):
        return os.path.join(self.dir, name)

    # --- life ---

    def _args(self, append, memory):
        return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-name", "epagent-lab",
                "-M", "q35,hpet=off", "-accel", os.environ.get("LAB_ACCEL", "tcg,thread=multi"),
                "-cpu", os.environ.get("LAB_CPU", "max"), "-smp", "2", "-m", str(memory),
                "-kernel", os.environ.get("LAB_KERNEL", os.path.join(LAB, "vmlinux")), "-initrd", os.path.join(LAB, "initrd"),
                "-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr no_timer_check tsc=reliable "
                           "random.trust_cpu=on " + append,
                "-serial", "file:serial.log", "-qmp", "unix:qmp.sock,server=on,wait=off",
                "-drive", "file=root.qcow2,format=qcow2,if=none,id=root,cache=unsafe", "-device", "virtio-blk-pci,drive=root",
                "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
                "-chardev", "socket,id=ctl,path=ctl.sock,server=on,wait=off", "-device", "virtserialport,chardev=ctl,name=lab.ctl",
                # What the guest writes here is on this machine at once: it outlives a reset.
                "-chardev", "file,id=log,path=guest.log", "-device", "virtserialport,chardev=log,name=lab.log",
                "-device", "qemu-xhci,id=xhci,p2=8,p3=8", "-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile=",
                ] + [x for i in range(8) for x in ("-device", "pcie-root-port,id=slot%d,chassis=%d,slot=%d" % (i, i + 1, i + 1))]

    def boot(self, append="", warm=True, keep=False, memory=768):
        """Starts the guest; the seconds until it was ready. keep: the disk as the last run left it, a power cycle."""
        self.stop()
        os.makedirs(self.dir, exist_ok=True)
        base, state = os.path.join(LAB, "root.img"), os.path.join(LAB, "warm/state")
        warm = warm and not (append or keep) and os.path.exists(state)
        backing = (os.path.join(LAB, "warm/root.qcow2"), "qcow2") if warm else (base, "raw")
        if not keep:
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", backing[0], "-F", backing[1], self.path("root.qcow2")], check=True)
        args = self._args(append, memory) + (["-incoming", "exec:cat '%s'" % state] if warm else [])
        start = time.monotonic()
        with open(self.path("qemu.log"), "w") as log:
            self._process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self.dir)
        with open(self.path("pid"), "w") as f:
            f.write(str(self._process.pid))
        if warm:
            while self.qmp("query-migrate").get("status") != "completed":
                time.sleep(0.05)
            self.qmp("cont")  # a state saved while stopped stays stopped
        self.wait_ready()
        if warm:
            self.run("date -s @%.3f" % time.time(), check=True)
        return time.monotonic() - start

    def wait_ready(self, seconds=180):
        self.run("true", seconds)
        self.run("systemctl is-system-running --wait; udevadm settle", 300)

    def reset(self):
        """Power off and on at once: what was not synced to the disk is gone. (QEMU's own cache is the disk here.)"""
        self.qmp("system_reset")
        if self._ctl:
            self._ctl.close()
            self._ctl = None
        self.wait_ready(300)

    def save(self):
        """Keeps the guest as the warm state that later boots start from."""
        warm = os.path.join(LAB, "warm")
        shutil.rmtree(warm, ignore_errors=True)
        os.makedirs(warm)
        self.run("sync; echo 3 > /proc/sys/vm/drop_caches")
        self.qmp("stop")
        self.qmp("migrate", uri="exec:cat > '%s/state.new'" % warm)
        while True:
            status = self.qmp("query-migrate").get("status")
            if status == "completed":
                break
            if status in ("failed", "cancelled"):
                raise LabError("saving failed")
            time.sleep(0.05)
        self.stop()
        shutil.move(self.path("root.qcow2"), warm + "/root.qcow2")
        os.rename(warm + "/state.new", warm + "/state")

    def stop(self):
        """Ends this guest's process, and no other."""
        for s in (self._qmp, self._ctl):
            if s:
                s.close()
        self._qmp = self._ctl = None
        if os.path.exists(self.path("pid")):
            with open(self.path("pid")) as f:
                self._kill(int(f.read() or 0))
            os.unlink(self.path("pid"))
        for name in ("qmp.sock", "ctl.sock"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))

    def _kill(self, pid):
        try:
            if os.readlink("/proc/%d/cwd" % pid) != os.path.realpath(self.dir):
                return  # the number has gone to somebody else's process
            fd = os.pidfd_open(pid)
            os.kill(pid, signal.SIGKILL)
            select.select([fd], [], [], 20)
            os.close(fd)
        except OSError:
            pass
        if self._process:
            self._process.wait()
            self._process = None

    # --- the two channels ---

    def qmp(self, command, **arguments):
        if not self._qmp:
            self._qmp = connect(self.path("qmp.sock"), 20).makefile("rwb")
            self._qmp.readline()
            self.qmp("qmp_capabilities")
        request = {"execute": command}
        if arguments:
            request["arguments"] = {k.replace("_", "-"): v for k, v in arguments.items()}
        self._qmp.write(json.dumps(request).encode() + b"\n")
        self._qmp.flush()
        while True:
            line = self._qmp.readline()
            if not line:
                raise LabError("QEMU went away: see " + self.path("qemu.log"))
            reply = json.loads(line)
            if "error" in reply:
                raise LabError("%s: %s" % (command, reply["error"]["desc"]))
            if "return" in reply:
                return reply["return"]

    def run(self, command, timeout=60, check=False, stdin=b""):
        if not self._ctl:
            self._ctl = connect(self.path("ctl.sock"), 20)
        nonce, text = uuid.uuid4().hex, command.encode()
        self._ctl.settimeout(timeout + 10)
        try:
            self._ctl.sendall(b"RUN %s %d %d %d\n" % (nonce.encode(), timeout * 1000, len(text), len(stdin)) + text + stdin)
            result = self._answer(nonce.encode())
        except socket.timeout:
            raise LabError("guest: no answer in %d s: %s" % (timeout + 10, command))
        if check and result.status:
            raise LabError("guest: %s: exit %d: %s" % (command, result.status, result.err.decode(errors="replace")))
        return result

    def _answer(self, nonce):
        f = self._ctl.makefile("rb")
        while True:
            line = f.readline()
            if not line:
                raise LabError("control channel closed")
            word = line.split()
            if len(word) == 5 and word[0] == b"END" and word[1] == nonce:
                return Result(int(word[2]), f.read(int(word[3])), f.read(int(word[4])))

    def put(self, local, remote):
        with open(local, "rb") as f:
            data = f.read()
        self.run("cat > '%s' && chmod %o '%s'" % (remote, os.stat(local).st_mode & 0o7777, remote), check=True, stdin=data)

    def get(self, remote, local):
        data = self.run("cat '%s'" % remote, check=True).out
        with open(local, "wb") as f:
            f.write(data)

    # --- hardware ---

    def disk(self, size, serial=None):
        """An empty virtio disk; returns its name in the guest ("vdb")."""
        number = sum(n.get("node-name", "").startswith("disk") for n in self.qmp("query-named-block-nodes"))
        node = "disk%d" % number
        image = self.path(node + ".img")
        with open(image, "wb") as f:
            f.truncate(size)
        self.qmp("blockdev-add", **{"driver": "raw", "node-name": node, "file": {"driver": "file", "filename": image}})
        before = set(self.run("ls /sys/class/block", check=True).text.split())
        self.qmp("device_add", driver="virtio-blk-pci", id=node, bus="slot%d" % number, drive=node, serial=serial or node)
        for _ in range(100):
            new = set(self.run("udevadm settle; ls /sys/class/block", check=True).text.split()) - before
            if new:
                return new.pop()
            time.sleep(0.1)
        raise LabError("the disk did not arrive")


def main():
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--vm", default="vm0")
    verbs = top.add_subparsers(dest="verb", required=True)
    v = verbs.add_parser("boot")
    v.add_argument("--append", default="")
    v.add_argument("--cold", action="store_true")
    v.add_argument("--keep", action="store_true")
    verbs.add_parser("save")
    verbs.add_parser("stop")
    v = verbs.add_parser("run")
    v.add_argument("-t", type=float, default=60)
    v.add_argument("command", nargs=argparse.REMAINDER)
    for name in ("put", "get"):
        v = verbs.add_parser(name)
        v.add_argument("source")
        v.add_argument("target")
    verbs.add_parser("disk").add_argument("size", type=int)
    a = top.parse_args()

    lab = Lab(a.vm)
    if a.verb == "run":
        r = lab.run(" ".join(a.command), a.t)
        sys.stdout.buffer.write(r.out)
        sys.stderr.buffer.write(r.err)
        return r.status
    {"boot": lambda: print("%.1f s" % lab.boot(a.append, not a.cold, a.keep)), "save": lab.save, "stop": lab.stop,
     "put": lambda: lab.put(a.source, a.target), "get": lambda: lab.get(a.source, a.target),
     "disk": lambda: print(lab.disk(a.size))}[a.verb]()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (LabError, OSError) as e:
        sys.exit("lab.py: %s (see qemu.log and serial.log in the guest's folder)" % e)
