#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""epagent check and --status as a person, a script and an attacker meet them. Prints TAP."""
import json
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unicodedata

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(TOP, os.environ.get("EPAGENT_BIN", "build/linux/bin"))
HERE = os.path.dirname(os.path.abspath(__file__))
ENV = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}
if "ASAN_OPTIONS" in os.environ:
    ENV["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"]
AT = "2026-11-22T00:20:00Z"
POLICY = """policy: office
format: 1
title: {en: office}
rules:
  - control: screen_lock
    require: {at_most: 10m}
    severity: high
  - control: disk_encryption
    require: {is: on}
  - control: antivirus_running
    require: {is: on}
"""
number = failed = 0


def check(title, good, shown=""):
    global number, failed
    number += 1
    failed += not good
    print("%sok %d - %s%s" % ("" if good else "not ", number, title, "" if good else ": %s" % str(shown)[:1500].replace("\n", "\\n")), flush=True)


def run(*args, env=None, program=None, stdin=subprocess.DEVNULL):
    return subprocess.run([program or BIN + "/epagent", *args], capture_output=True, timeout=60, env={**ENV, **(env or {})}, stdin=stdin)


def fact(control, subject, state="known", **more):
    return {"control": control, "subject": subject, "state": state, **more}


def facts(*items):
    return {"schema": 1, "facts": list(items)}


LOCK_LATE = fact("screen_lock", "user:1000", value=900, fixed=True, via="gnome", params={},
                 evidence=[{"source": "/etc/dconf/db/local", "key": "org/gnome/desktop/session/idle-delay", "value": 900}])
LOCK_LATE_TOO = dict(LOCK_LATE, subject="user:1000000")
LOCK_FINE = fact("screen_lock", "user:*", value=300, fixed=True, evidence=[{"source": "/etc/dconf/db/local", "key": "idle", "value": 300}])
DISK_FINE = fact("disk_encryption", "volume:/", value="full", fixed=True, evidence=[{"source": "/proc/1/mountinfo", "key": "device", "value": "253:0"}])
DISK_LONG = dict(DISK_FINE, subject="volume:/srv/" + "x" * 60)
AV_UNKNOWN = fact("antivirus_running", "product:clamav", "unknown", reason="not_read",
                  evidence=[{"source": "/run/clamav/clamd.ctl", "key": "error", "value": "denied"}])
AV_FINE = fact("antivirus_running", "product:clamav", value="on", fixed=True, evidence=[{"source": "clamd", "key": "answer", "value": "PONG"}])


class Desk:
    """A folder with a policy and recorded answers."""

    def __init__(self, folder):
        self.folder = folder
        with open(folder + "/p.yaml", "w") as f:
            f.write(POLICY)
        subprocess.run([BIN + "/epctl", "policy", "build", folder + "/p.yaml", "-o", folder + "/p.json"], check=True)
        self.policy = folder + "/p.json"

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def check(self, answer, *more, **kw):
        return run("check", "--policy", self.policy, "--facts", self.write("facts.json", answer), "--at", AT, *more, **kw)


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def exits(desk):
    for title, items, status in (
            ("all in order", (LOCK_FINE, DISK_FINE, AV_FINE), 0),
            ("something fails", (LOCK_LATE, DISK_FINE, AV_FINE), 1),
            ("something is unknown", (LOCK_FINE, DISK_FINE, AV_UNKNOWN), 2),
            ("unknown does not hide a failure", (LOCK_LATE, DISK_FINE, AV_UNKNOWN), 1),
            ("nothing was found out of what the policy asks", (), 2)):
        for form in ((), ("--json",), ("--lang", "ja"), ("--verbose",)):
            r = desk.check(facts(*items), *form)
            check("%s: exit %d %s" % (title, status, " ".join(form)), r.returncode == status and not r.stderr, (r.returncode, r.stdout, r.stderr))


def json_form(desk):
    r = desk.check(facts(LOCK_LATE, LOCK_FINE, DISK_FINE, AV_UNKNOWN), "--json")
    report = json.loads(r.stdout)
    check("JSON: one line", r.stdout.count(b"\n") == 1 and r.stdout.endswith(b"\n"), r.stdout)
    check("JSON: the whole", (report["schema"], report["at"], report["host"], report["verdict"]) == (1, AT, None, "fail"), report)
    check("JSON: the policy", report["policy"] == {"id": "office", "version": 0}, report["policy"])
    row = report["controls"][0]
    check("JSON: a row says all", set(row) >= {"control", "subject", "verdict", "code", "params", "found", "required", "mend", "mode", "severity",
                                             "clauses", "since", "exemption", "evidence"}, row)
    check("JSON: what was found", (row["subject"], row["verdict"], row["code"], row["found"], row["severity"]) ==
          ("user:1000", "fail", "screen_lock.too_long", 900, "high"), row)
    again = desk.check(facts(LOCK_LATE, LOCK_FINE, DISK_FINE, AV_UNKNOWN), "--json")
    check("the same facts, policy and time give the same bytes", again.stdout == r.stdout)


def text_form(desk):
    for language, words in (("en", ("fail", "pass", "unknown")), ("ja", ("不適合", "適合", "確認できません"))):
        r = desk.check(facts(LOCK_LATE, LOCK_LATE_TOO, LOCK_FINE, DISK_FINE, DISK_LONG, AV_UNKNOWN), "--lang", language)
        lines = r.stdout.decode().split("\n")
        rows = [l for l in lines if any(l.startswith("  " + w + " ") for w in words) and "xxxx" not in l]
        check("%s: a line for each row" % language, len(rows) == 5, lines)
        ends = {width(re.match(r"(.*\S\s{2,})\S.*$", l).group(1)) if re.match(r"(.*\S\s{2,})\S.*$", l) else 0 for l in rows}
        check("%s: sentences stand below each other" % language, len(ends) == 1 and 0 not in ends, rows)
        check("%s: no line is wider than 100 columns" % language, max(width(l) for l in lines if "xxxx" not in l) <= 100, lines)
        check("%s: no space ends a line" % language, not any(l.endswith(" ") for l in lines), lines)
        mends = sum("To mend:" in l or "対処:" in l for l in lines)
        check("%s: neighbours that are mended alike say so once" % language, mends == 1, lines)
        check("%s: the numbers are in the sentence" % language, any("15" in l and "10" in l for l in rows), rows)
        check("%s: nothing in the report has no sentence" % language, not re.search(r"\b(status|common)\.[a-z_]+|screen_lock\.|\{[a-z]+\}", r.stdout.decode()), lines)
        r = desk.check(facts(LOCK_LATE), "--lang", language, "--verbose")
        check("%s: evidence is shown when asked for" % language, b"idle-delay = 900" in r.stdout, r.stdout)
        check("%s: and not otherwise" % language, b"idle-delay = 900" not in desk.check(facts(LOCK_LATE), "--lang", language).stdout)


def languages(desk):
    for env, args, japanese in (({"LC_ALL": "ja_JP.UTF-8"}, (), True), ({"LC_ALL": "", "LC_MESSAGES": "ja_JP.UTF-8", "LANG": "en_US.UTF-8"}, (), True),
                                ({"LC_ALL": "", "LANG": "ja"}, (), True), ({"LC_ALL": "en_US.UTF-8", "LANG": "ja_JP.UTF-8"}, (), False),
                                ({"LC_ALL": "jam_JM.UTF-8"}, (), False), ({"LC_ALL": "ja_JP.UTF-8"}, ("--lang", "en"), False),
                                ({"LC_ALL": "C"}, ("--lang", "ja"), True)):
        r = desk.check(facts(DISK_FINE), *args, env=env)
        check("language of %s %s" % (env, " ".join(args)), ("ポリシー" in r.stdout.decode()) == japanese and ("policy" in r.stdout.decode()) != japanese, r.stdout)


EVIL = ["\x1b[2J\x1b[31mroot", "a\nFAKE LINE", "\r", "\x07\x08\x7f", "\u202efdp.exe", "\u009b31m", "\u2066x\u2069", "\ufeff\u200b", "x" * 5000, "%s%n%d", "{minutes}"]


def harmless(data):
    text = data.decode("utf-8")  # raises on broken UTF-8: a failure too
    bad = [c for c in text if c != "\n" and (ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 or c in "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")]
    return not bad and "\nFAKE LINE" not in text


def hostile_facts(desk):
    for i, evil in enumerate(EVIL):
        answer = facts(dict(LOCK_LATE, subject="user:" + evil, params={"name": evil},
                            evidence=[{"source": evil, "key": evil, "value": evil}]))
        r = desk.check(answer, "--verbose")
        check("hostile text %d in facts moves no cursor" % i, r.returncode in (1, 2, 3) and harmless(r.stdout + r.stderr), (r.returncode, r.stdout, r.stderr))
    for title, raw in (("nothing", b""), ("no JSON", b"hello"), ("another schema", {"schema": 2, "facts": []}), ("a list", b"[]"), ("deep", b"[" * 5000),
                       ("NUL", b'{"schema":1,"facts":[{"control":"a\\u0000"}]}'), ("an unknown control", facts(fact("tea", "host", value=1))),
                       ("a value of another kind", facts(fact("screen_lock", "user:1", value="on"))), ("two values", b'{"schema":1,"facts":[]} {}'),
                       ("broken UTF-8", b'{"schema":1,"facts":["\xff"]}'), ("17 MiB", b" " * (17 << 20))):
        r = desk.check(raw)
        check("facts that are %s: exit 3 and why" % title, r.returncode == 3 and r.stderr.startswith(b"epagent: ") and not r.stdout and harmless(r.stderr),
              (r.returncode, r.stdout, r.stderr))


def arguments(desk):
    good = ["check", "--policy", desk.policy]
    for title, args, says in (
            ("no command", [], "no command given"), ("no such command", ["chek"], "no command chek"), ("no policy", ["check"], "--policy FILE"),
            ("a policy that is not there", ["check", "--policy", "/nowhere"], "/nowhere"), ("a folder as policy", ["check", "--policy", "/"], "/"),
            ("YAML as policy", ["check", "--policy", desk.folder + "/p.yaml"], "p.yaml is no JSON; epctl policy build"), ("an unknown option", good + ["--rot", "/"], "--root"),
            ("an option without its value", good + ["--root"], "--root wants DIR"), ("a time that is none", good + ["--at", "yesterday"], "--at wants"),
            ("a language that is none", good + ["--lang", "fr"], "ja or en"), ("facts and root", good + ["--facts", desk.policy, "--root", "/"], "exclude"),
            ("a root that is not there", good + ["--root", "/nowhere"], "/nowhere"), ("a stray word", good + ["please"], "please"),
            ("orders that are none", good + ["--orders", desk.policy], desk.policy), ("a register that is none", good + ["--register", desk.policy], desk.policy),
            ("a folder that holds no machine", good + ["--root", desk.folder], "no machine"),
            ("verify and all", ["log", "--verify", "--all"], "exclude"), ("an escape in a word", good + ["\x1b[31m"], "check"), ("no agent", ["--status", "--run", desk.folder], "doctor")):
        r = run(*args)
        check("%s: exit 3, says what to do" % title, r.returncode == 3 and says in r.stderr.decode() and not r.stdout and harmless(r.stderr) and
              r.stderr.count(b"\n") == 1, (r.returncode, r.stdout, r.stderr))
    r = run("--help")
    check("--help names every command and option", r.returncode == 0 and all(w in r.stdout.decode() for w in ("--status", "check", "policy", "log", "doctor", "version", "--root")), r.stdout)
    check("-h, and help after a command, are the same", all(run(*w).stdout == r.stdout for w in (["-h"], ["help"], ["check", "--help"], ["log", "-h"])))
    r = run("version")
    check("version", re.match(rb"epagent \d+\.\d+\.\d+\n$", r.stdout) and r.returncode == 0, r.stdout)
    with open("/dev/full", "wb") as full:
        p = subprocess.run([BIN + "/epagent", "check", "--policy", desk.policy, "--facts", desk.write("f.json", facts(DISK_FINE)), "--json"], stdout=full,
                           stderr=subprocess.PIPE, env=ENV)
        helped = subprocess.run([BIN + "/epagent", "--help"], stdout=full, stderr=subprocess.PIPE, env=ENV)
    for done in (p, helped):
        check("a full disk under the answer: exit 3", done.returncode == 3 and b"standard output" in done.stderr, (done.returncode, done.stderr))


PROBES = {
    "fails": ("echo 'no way\x1b[31m' >&2; exit 3", "status 3"), "is killed": ("kill -9 $$", "status 137"), "says nothing": ("exit 0", "answer"),
    "says too much": ("head -c 20000000 /dev/zero", "more than"), "says no JSON": ("echo hello", "answer"),
    "says too much in a whisper": ("head -c 20000000 /dev/zero | tr '\\0' x >&2; exit 3", "status 3"),
}


def probes(desk):
    """A stand-in beside a copy of epagent: how it is called, and what becomes of one that misbehaves."""
    place = desk.folder + "/place"
    os.mkdir(place)
    shutil.copy(BIN + "/epagent", place)
    stand_in = place + "/epagent-probe"

    def call(script, *args, env=None):
        with open(stand_in, "w") as f:
            f.write("#!/bin/sh\n%s\n" % script)
        os.chmod(stand_in, 0o755)
        return run("check", "--policy", desk.policy, *args, program=place + "/epagent", env=env)

    for title, (script, says) in PROBES.items():
        r = call(script)
        check("a probe that %s: exit 3 and why" % title, r.returncode == 3 and says in r.stderr.decode() and harmless(r.stderr) and not r.stdout, (r.returncode, r.stderr))
    name = "a b;$(touch owned-by-argument)'\""
    os.mkdir(os.path.join(desk.folder, name))
    r = call("printf '%%s\\n' \"$@\" > %s/argv; cat %s" % (desk.folder, desk.write("a.json", facts(DISK_FINE))), "--root", os.path.join(desk.folder, name), "--at", AT)
    with open(desk.folder + "/argv") as f:
        argv = f.read().splitlines()
    check("the probe gets words, not a shell's line", argv == ["--root", os.path.join(desk.folder, name), "--at", AT, "screen_lock", "disk_encryption",
                                                               "antivirus_running"] and not os.path.exists("owned-by-argument"), argv)
    check("and its answer is judged", r.returncode == 2 and b"disk" in r.stdout.lower(), (r.returncode, r.stdout))
    r = call("read x && echo got >&2; ls -l /proc/self/fd | grep -c -e ' [3-9] ->' >&2; exit 3")
    check("its standard input is empty, and no descriptor of ours is open", r.stderr.rstrip().endswith(b": 1"), r.stderr)
    os.unlink(stand_in)
    path = desk.folder + "/path"
    os.mkdir(path)
    shutil.copy(BIN + "/epagent-probe", path)
    r = run("check", "--policy", desk.policy, program=place + "/epagent", env={"PATH": path})
    installed = os.path.exists("/usr/libexec/epagent/epagent-probe")
    check("PATH is not searched for it", installed or (r.returncode == 3 and b"beside" in r.stderr), (r.returncode, r.stderr))


def colours(desk):
    path = desk.write("c.json", facts(LOCK_LATE, DISK_FINE, AV_UNKNOWN))

    def on_terminal(env):
        master, slave = pty.openpty()
        p = subprocess.Popen([BIN + "/epagent", "check", "--policy", desk.policy, "--facts", path], stdout=slave, env={**ENV, "TERM": "xterm", **env})
        os.close(slave)
        out = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            out += piece
        os.close(master)
        p.wait()
        return out
    check("a terminal gets colours, and each is ended", (lambda o: b"\x1b[1;31m" in o and o.count(b"\x1b[0m") * 2 == o.count(b"\x1b["))(on_terminal({})), on_terminal({}))
    check("NO_COLOR: none", b"\x1b" not in on_terminal({"NO_COLOR": "1"}))
    check("TERM=dumb: none", b"\x1b" not in on_terminal({"TERM": "dumb"}))
    check("a pipe gets none", b"\x1b" not in desk.check(facts(LOCK_LATE), env={"TERM": "xterm"}).stdout)


def message_types():
    """The numbers that message.def gives: the order of its rows."""
    with open(os.path.join(TOP, "agent/message.def")) as f:
        names = re.findall(r"^MESSAGE\((\w+),", f.read(), re.M)
    return {name: i for i, name in enumerate(names)}


class FakeCore(threading.Thread):
    """Answers one question on DIR/user.sock with these bytes."""

    def __init__(self, folder, reply):
        super().__init__(daemon=True)
        self.path = folder + "/user.sock"
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.reply = reply
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.start()

    def run(self):
        peer, _ = self.listener.accept()
        peer.recv(65536)
        try:
            peer.sendall(self.reply)
        except OSError:
            pass
        peer.close()
        self.listener.close()


def frame(kind, body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"EP" + bytes([1, message_types()[kind]]) + struct.pack(">I", len(raw)) + raw


def from_core(desk):
    report = json.loads(desk.check(facts(LOCK_LATE, DISK_FINE, AV_UNKNOWN), "--json").stdout)

    def ask(reply, *args):
        core = FakeCore(desk.folder, reply)
        r = run(*(args or ("--status",)), "--run", desk.folder)
        core.join(5)
        return r
    r = ask(frame("answer", dict(report, hidden=3)))
    check("--status shows the agent's report", r.returncode == 1 and b"15" in r.stdout and b"3 more" in r.stdout, (r.returncode, r.stdout, r.stderr))
    r = ask(frame("answer", report), "--status", "--json")
    check("--status --json gives it as it is", r.returncode == 1 and json.loads(r.stdout) == report, (r.returncode, r.stdout))
    for verdict, status in (("pass", 0), ("exempt", 0), ("not_applicable", 0), ("unknown", 2), ("fail", 1), ("splendid", 2), (None, 2)):
        r = ask(frame("answer", dict(report, verdict=verdict)))
        check("--status: exit %d for %s" % (status, verdict), r.returncode == status, (r.returncode, r.stdout, r.stderr))
    for i, evil in enumerate(EVIL):
        row = dict(report["controls"][0], control=evil, subject=evil, verdict=evil, code=evil, mend=evil, params={"minutes": evil, evil: evil},
                   exemption={"id": evil, "until": evil}, evidence=[{"source": evil, "key": evil, "value": evil}])
        r = ask(frame("answer", {"schema": 1, "at": evil, "verdict": evil, "policy": {"id": evil, "version": 1}, "controls": [row]}), "--status", "--verbose")
        check("hostile text %d from an agent moves no cursor" % i, r.returncode == 2 and harmless(r.stdout + r.stderr), (r.returncode, r.stdout, r.stderr))
    for title, body in (("of nothing", {}), ("with rows that are no rows", {"verdict": "pass", "controls": [1, None, [], {}, "x"]}),
                        ("with a policy that is none", {"verdict": "pass", "policy": [], "controls": {}}),
                        ("with evidence that is none", {"verdict": "pass", "controls": [{"evidence": {"a": 1}}, {"evidence": [None, 1]}]})):
        r = ask(frame("answer", body), "--status", "--verbose")
        check("a report %s does no harm" % title, r.returncode in (0, 2) and harmless(r.stdout), (r.returncode, r.stdout, r.stderr))
    for title, reply in (("closes", b""), ("is cut", frame("answer", report)[:200]), ("is no message", b"HTTP/1.1 200 OK\r\n\r\n"),
                         ("is too long", b"EP\x01" + bytes([message_types()["answer"]]) + b"\xff\xff\xff\xff"), ("is no JSON", frame("answer", b"hello!")),
                         ("is another's message", frame("looked", {})), ("refuses", frame("refused", {"meaning": "denied", "text": "only root\x1b[31m"}))):
        r = ask(reply)
        check("an agent whose answer %s: exit 3 and why" % title, r.returncode == 3 and not r.stdout and harmless(r.stderr), (r.returncode, r.stdout, r.stderr))


def main():
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder)
        for part in (exits, json_form, text_form, languages, hostile_facts, arguments, probes, colours, from_core):
            part(desk)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
