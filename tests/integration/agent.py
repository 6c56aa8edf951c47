# SPDX-License-Identifier: Apache-2.0
"""The agent's real processes under the launcher, for the integration tests: an office with keys, a policy, a run folder, questions."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("EPAGENT_BIN", os.path.join(TOP, "build/linux/bin"))
WORK = os.path.join(TOP, "build/test/integration")
VERSION = 1


def table():
    """message.def: name -> number. The test reads the same table as the program, but writes frames by itself."""
    names = []
    with open(os.path.join(TOP, "agent/message.def"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("MESSAGE("):
                names.append(line[8:].split(",")[0].strip())
    return {name: number for number, name in enumerate(names)}


TYPES = table()
NAMES = {number: name for name, number in TYPES.items()}


def frame(kind, payload, version=VERSION, size=None):
    payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    number = TYPES[kind] if isinstance(kind, str) else kind
    return b"EP" + bytes([version, number]) + struct.pack(">I", len(payload) if size is None else size) + payload


class Closed(Exception):
    pass


def connect(run, name="user", timeout=10):
    """`run` is the folder's path, or a descriptor of it."""
    folder = run if isinstance(run, int) else os.open(run, os.O_PATH)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    try:
        s.connect("/proc/self/fd/%d/%s.sock" % (folder, name))
    finally:
        if folder is not run:
            os.close(folder)
    return s


def as_uid(uid, work, run, *arguments):
    """What work(run, *arguments) gives in a child that has become `uid`: (True, value) or (False, the error). The tree may be closed to it: so it
    is a fork, and gets the run folder as a descriptor."""
    run = os.open(run, os.O_PATH)
    back, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            answer = [True, work(run, *arguments)]
        except BaseException as e:  # whatever it is, the parent judges it
            answer = [False, repr(e)]
        with os.fdopen(there, "w") as f:
            json.dump(answer, f)
        os._exit(0)
    os.close(there)
    os.close(run)
    with os.fdopen(back) as f:
        answer = json.load(f)
    os.waitpid(child, 0)
    return answer


def read_exact(s, size):
    data = b""
    while len(data) < size:
        try:
            chunk = s.recv(size - len(data))
        except ConnectionResetError:
            raise Closed()
        if not chunk:
            raise Closed()
        data += chunk
    return data


def receive(s):
    head = read_exact(s, 8)
    return NAMES.get(head[3]), json.loads(read_exact(s, struct.unpack(">I", head[4:])[0]))


def epctl(*arguments, **more):
    return subprocess.run([os.path.join(BIN, "epctl"), *arguments], check=True, capture_output=True, **more)


class Office:
    """Keys, and policies signed with them."""

    def __init__(self, folder):
        self.folder = folder
        epctl("keys", "new", "--data", folder)

    def sign(self, rules, version, policy_id="test"):
        text = {"policy": policy_id, "format": 1, "title": {"en": "Test"}, "rules": rules}
        base = os.path.join(self.folder, "policy-%d" % version)
        with open(base + ".yaml", "w", encoding="utf-8") as f:
            json.dump(text, f)  # JSON is YAML
        if os.path.exists(base + ".signed"):
            os.unlink(base + ".signed")
        epctl("policy", "build", base + ".yaml", "-o", base + ".json")
        epctl("policy", "sign", base + ".json", "--data", self.folder, "--version", str(version), "-o", base + ".signed")
        with open(base + ".signed", "rb") as f:
            return f.read()


ALL = [
    {"control": "screen_lock", "require": {"at_most": "10m"}},
    {"control": "disk_encryption", "require": {"is": "on"}},
    {"control": "antivirus_running", "require": {"is": "on"}},
    {"control": "antivirus_signatures", "require": {"at_most": "24h"}},
    {"control": "password_memory", "require": {"is": "off"}},
    {"control": "usb_storage", "require": {"is": "blocked"}},
]


class Agent:
    def __init__(self, name, journal_mib=1, programs=None, deep=False, outside=False):
        """`outside`: all of it, the programs too, where any user can reach it; the tree may be closed to others."""
        os.makedirs(WORK, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix=("epagent-" if outside else "") + name + "-", dir=None if outside else WORK)
        os.chmod(self.folder, 0o755)
        self.bin = shutil.copytree(BIN, os.path.join(self.folder, "bin")) if outside else BIN
        self.run = os.path.join(self.folder, "run")
        if deep:
            self.run = os.path.join(self.folder, *["a-folder-with-quite-a-long-name-%02d" % i for i in range(8)])
        self.state = os.path.join(self.run, "state")
        os.makedirs(os.path.join(self.state, "trust"), mode=0o700)
        os.chmod(self.state, 0o700)
        self.office = Office(os.path.join(self.folder, "office"))
        for file in ("root.pem", "root.pin"):
            shutil.copy(os.path.join(self.office.folder, "keys", file), os.path.join(self.state, "trust"))
        self.config("journal = %d\n" % journal_mib)
        self.programs = programs
        self.process = None
        self.log = os.path.join(self.folder, "log")

    def config(self, text):
        with open(os.path.join(self.run, "agent.conf"), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, *arguments, env=None, preexec=None, wait=True):
        command = [os.path.join(self.bin, "epagent-launch"), "--run", self.run, *arguments]
        if self.programs:
            command += ["--programs", self.programs]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, stdin=subprocess.DEVNULL, env=env, preexec_fn=preexec,
                                            start_new_session=True)
        if wait:
            self.until(lambda: self.ask("status"), "the agent answers")
        return self

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None

    def close(self, keep=False):
        self.stop()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            sys.stdout.write("# log of the agent:\n" + "".join("# " + x for x in self.said().splitlines(True)[-30:]) + "\n")
        self.close()

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def child(self, name):
        """The pid of core or the probe, or None."""
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                try:
                    with open("/proc/%s/stat" % pid, encoding="utf-8", errors="replace") as f:
                        stat = f.read()
                except OSError:
                    continue
                comm, rest = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 2:].split()
                if comm == name[:15] and self.process and int(rest[1]) == self.process.pid and rest[0] != "Z":
                    return int(pid)
        return None

    def ask(self, kind, body=None, s=None):
        own = s is None
        try:
            s = s or connect(self.run)
            s.sendall(frame(kind, body or {}))
            return receive(s)
        finally:
            if own and s:
                s.close()

    def status(self):
        kind, report = self.ask("status")
        assert kind == "answer", report
        return report

    def load(self, raw):
        return self.ask("policy_load", {"document": raw.hex()})

    def looked(self):
        def done():
            report = self.status()
            return report if report["pending"] == 0 and report["policy"] else None
        return self.until(done, "everything is looked at")

    def until(self, check, what, seconds=30):
        end = time.monotonic() + seconds
        while True:
            try:
                result = check()
            except (OSError, Closed):
                result = None
            if result:
                return result
            if time.monotonic() > end:
                raise AssertionError("in %d s not seen: %s\n%s" % (seconds, what, self.said()[-2000:]))
            time.sleep(0.05)

    def records(self):
        """All of them, by pages."""
        result, body = [], {"epoch": None, "after": 0, "most": 200}
        kind, page = self.ask("log", {"most": 1})
        if kind != "answer":
            return []
        body["epoch"] = page["epoch"]
        while True:
            kind, page = self.ask("log", body)
            assert kind == "answer", page
            result += page["records"]
            if page["next"] is None:
                return result
            body = {"epoch": page["epoch"], "after": page["next"], "most": 200}


class Tap:
    def __init__(self):
        self.number = 0
        self.failed = 0

    def ok(self, good, what, note=""):
        self.number += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.number, what) + ("" if good or not note else "\n# " + str(note)[:1500].replace("\n", "\n# ")),
              flush=True)
        return good

    def skip(self, what, why):
        self.number += 1
        print("ok %d - %s # SKIP %s" % (self.number, what, why), flush=True)

    def run(self, *tests):
        """Each test is a function of this Tap; one that raises is a failure by its name."""
        for test in tests:
            try:
                test(self)
            except Exception as e:  # pylint: disable=broad-except
                self.ok(False, "%s ended: %s" % (test.__name__, type(e).__name__), e)
        print("1..%d" % self.number)
        return 1 if self.failed else 0


def private_machine(tap_name):
    """Runs the calling script again in a mount namespace of its own, where /etc and /usr/share can be changed over the real ones. True inside;
    where that cannot be had it prints the skip and ends."""
    if os.environ.get("EPAGENT_PRIVATE") == "1":
        return True
    if os.geteuid() != 0:
        print("1..1\nok 1 - %s # SKIP wants root: a mount namespace over /etc" % tap_name)
        sys.exit(0)
    os.environ["EPAGENT_PRIVATE"] = "1"
    os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])


def overlay(path, folder):
    """`path` can be changed from now on, and only this namespace sees it. True if the kernel lets us."""
    upper, work = os.path.join(folder, "upper"), os.path.join(folder, "work")
    os.makedirs(upper)
    os.makedirs(work)
    done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", "lowerdir=%s,upperdir=%s,workdir=%s" % (path, upper, work), path],
                          capture_output=True, check=False)
    return done.returncode == 0
