#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands against a real agent, started by epagent-launch in a folder of its own: a policy comes, is refused, is shown; the log is read,
proven and tampered with; the doctor names what is missing. Prints TAP."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli_check import BIN, ENV, EVIL, FakeCore, frame, harmless  # noqa: E402

number = failed = 0
POLICY = """policy: office
format: 1
title: {ja: 庁内標準, en: office standard}
rules:
  - control: disk_encryption
    require: {is: on}
    clauses: ["6(1)"]
  - control: usb_storage
    when: {hours: "Mon-Fri 08:30-17:15", users: [clerks]}
    require: {only: registered, access: read_only, encrypted: true, scanned: true, unlocked_screen: true}
    mode: enforce
  - control: usb_storage
    require: {is: blocked}
  - control: antivirus_signatures
    require: {at_most: 36h}
  - control: screen_lock
    require: {at_most: 10m}
"""


def check(title, good, shown=""):
    global number, failed
    number += 1
    failed += not good
    print("%sok %d - %s%s" % ("" if good else "not ", number, title, "" if good else ": %s" % str(shown)[:1500].replace("\n", "\\n")), flush=True)


def epagent(run, *args, env=None):
    return subprocess.run([BIN + "/epagent", *args, "--run", run], capture_output=True, timeout=60, env={**ENV, **(env or {})})


class Agent:
    def __init__(self, run):
        self.run = run
        self.log = open(run + ".log", "wb")
        self.process = subprocess.Popen([BIN + "/epagent-launch", "--run", run], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def wait_for(self, good, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            r = epagent(self.run, "--status", "--json")
            if r.returncode < 3 and good(json.loads(r.stdout)):
                return True
            time.sleep(0.1)
        return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()


def sign(folder, data, version, name="office", text=POLICY):
    base = "%s/%s-%s" % (folder, name, version)
    with open(base + ".yaml", "w") as f:
        f.write(text)
    for args in (("policy", "build", base + ".yaml", "-o", base + ".json"), ("policy", "sign", base + ".json", "--data", data, "--version", str(version), "-o", base + ".signed")):
        subprocess.run([BIN + "/epctl", *args], check=True)
    return base + ".signed"


def before(run):
    r = epagent(run, "--status")
    check("no policy yet: unknown, and it says so", r.returncode == 2 and b"policy" in r.stdout and harmless(r.stdout), (r.returncode, r.stdout, r.stderr))
    r = epagent(run, "policy")
    check("no policy yet: policy says so", r.returncode == 0 and b"no policy" in r.stdout, (r.returncode, r.stdout, r.stderr))
    r = epagent(run, "doctor")
    check("no policy yet: the doctor names it, exit 1", r.returncode == 1 and b"  !!  No policy" in r.stdout and b"  ok  " in r.stdout, (r.returncode, r.stdout, r.stderr))


def loading(agent, folder):
    run = agent.run
    data, other = folder + "/data", folder + "/other"
    for d in (data, other):
        subprocess.run([BIN + "/epctl", "keys", "new", "--data", d], check=True, stdout=subprocess.DEVNULL)
    seven = sign(folder, data, 7)
    r = epagent(run, "policy", "--load", seven)
    check("a PC that trusts nobody takes no policy", r.returncode == 3 and not r.stdout, (r.returncode, r.stdout, r.stderr))
    os.makedirs(run + "/state/trust", exist_ok=True)
    for name in ("root.pem", "root.pin"):
        shutil.copy(data + "/keys/" + name, run + "/state/trust/")
    r = epagent(run, "policy", "--load", seven)
    check("a signed policy is taken and shown", r.returncode == 0 and b"office standard" in r.stdout and b"version 7" in r.stdout, (r.returncode, r.stdout, r.stderr))
    check("the agent judges by it", agent.wait_for(lambda s: s["policy"] and s["policy"]["version"] == 7 and s["controls"] and not s.get("pending")))
    raw = open(seven, "rb").read()
    bad = {"older": sign(folder, data, 6), "changed": sign(folder, data, 7, "again", POLICY.replace("36h", "48h")), "other_root": sign(folder, other, 8),
           "unsigned": folder + "/office-7.json"}
    for name, content in (("trailing", raw + b"\n"), ("cut", raw[:-1]), ("bad_signature", raw[:-9] + b"X" + raw[-8:])):
        bad[name] = folder + "/" + name
        with open(bad[name], "wb") as f:
            f.write(content)
    for name, path in sorted(bad.items()):
        r = epagent(run, "policy", "--load", path)
        shown = epagent(run, "policy", "--json")
        answer = json.loads(shown.stdout)
        check("refused: %s, by its own name; the old policy stands" % name, r.returncode == 3 and harmless(r.stderr) and answer["refused"]["why"] == name and
              answer["policy"]["version"] == 7, (r.returncode, r.stderr, shown.stdout[-300:]))
        for language in ("en", "ja"):
            shown = epagent(run, "policy", "--lang", language).stdout.decode()
            check("%s has its sentence (%s)" % (name, language), "document." + name not in shown and ("Refused last" in shown or "拒否" in shown), shown[-300:])
    r = epagent(run, "policy", "--load", seven)
    check("the same again is fine", r.returncode == 0, (r.returncode, r.stderr))


def in_words(run):
    ja, en = (epagent(run, "policy", "--lang", language).stdout.decode() for language in ("ja", "en"))
    for words, text in (("庁内標準 第7版 使用禁止 読み取りのみ可 登録されたもの 暗号化されたもの 月 火 水 木 金 08:30-17:15 clerks 36時間 10分 6(1) エージェントがPCに設定 利用者が変更できないこと", ja),
                        ("Mon Tue Wed Thu Fri 08:30-17:15 clerks registered encrypted scanned unlocked blocked 36 6(1) cannot", en)):
        missing = [w for w in words.split() if w not in text]
        check("the policy in words: %s ..." % words.split()[0], not missing and "status." not in text and "Sat" not in text and "土" not in text, (missing, text))
    rules = json.loads(epagent(run, "policy", "--json").stdout)["policy"]["rules"]
    check("and as JSON", [r["control"] for r in rules] == ["disk_encryption", "usb_storage", "usb_storage", "antivirus_signatures", "screen_lock"], rules)


def reading_log(run):
    for language in ("en", "ja"):
        r = epagent(run, "log", "--lang", language)
        text = r.stdout.decode()
        check("the log in words (%s)" % language, r.returncode == 0 and harmless(r.stdout) and "status.record" not in text and "{" not in text and "office" in text, text)
    records = [json.loads(line) for line in epagent(run, "log", "--json", "--all").stdout.splitlines()]
    kinds = {r["kind"] for r in records}
    check("the log as JSON, a record a line", {"start", "policy_taken", "policy_refused", "verdict", "fact"} <= kinds and
          [r["number"] for r in records] == list(range(1, len(records) + 1)), [(r["number"], r["kind"]) for r in records])
    check("a refusal is on record by its name", {"older", "changed", "bad_signature"} <= {r["payload"].get("why") for r in records if r["kind"] == "policy_refused"}, records)
    check("two policies with one version are an alarm", any(r["kind"] == "alarm" for r in records), kinds)


def doctor_in_order(run):
    for language in ("en", "ja"):
        r = epagent(run, "doctor", "--lang", language)
        text = r.stdout.decode()
        check("the doctor's steps have sentences (%s)" % language, not any(w in text for w in ("doctor.", "core.", "{")) and text.count("  ok  ") >= 6, text)
    answer = json.loads(epagent(run, "doctor", "--json").stdout)
    check("the doctor as JSON", {"program", "clock", "socket", "core", "policy", "journal", "looks"} <= {c["check"] for c in answer["checks"]}, answer)


def verify(run):
    r = epagent(run, "log", "--verify", "--json")
    report = json.loads(r.stdout)
    check("the journal is whole after a stop", r.returncode == 0 and report["ok"] and report["records"] > 10, (r.returncode, r.stdout, r.stderr))
    check("and rests on this PC alone", report["acknowledged"] is None and report["alone"] == report["records"], report)
    for language, word in (("en", "alone"), ("ja", "このPCだけ")):
        r = epagent(run, "log", "--verify", "--lang", language)
        check("in words (%s)" % language, r.returncode == 0 and word in r.stdout.decode() and "status." not in r.stdout.decode(), r.stdout)
    journal = run + "/state/journal"
    for path in sorted(os.path.join(journal, n) for n in os.listdir(journal)):
        data = open(path, "rb").read() if os.path.isfile(path) else b""
        at = data.find(b'"office"')
        if at < 0:
            continue
        with open(path, "r+b") as f:
            f.seek(at + 1)
            f.write(b"0ffice")
        r = epagent(run, "log", "--verify", "--json")
        faults = [f["fault"] for f in json.loads(r.stdout)["findings"]]
        check("one letter changed: exit 1, found as edited", r.returncode == 1 and "edited" in faults, (r.returncode, faults))
        for language in ("en", "ja"):
            r = epagent(run, "log", "--verify", "--lang", language)
            check("named in words (%s)" % language, r.returncode == 1 and os.path.basename(path) in r.stdout.decode() and "status." not in r.stdout.decode() and
                  harmless(r.stdout), r.stdout)
        break
    else:
        check("a record that can be edited", False, os.listdir(journal))
    r = epagent(run + "-none", "log", "--verify")
    check("no journal at all: exit 3 or a fault, never whole", r.returncode in (1, 3), (r.returncode, r.stdout, r.stderr))


def without_agent(run):
    for command in ("--status", "policy", "log"):
        r = epagent(run, command)
        check("%s without an agent: exit 3, points to the doctor" % command, r.returncode == 3 and b"doctor" in r.stderr and not r.stdout, (r.returncode, r.stderr))
    for language in ("en", "ja"):
        r = epagent(run, "doctor", "--lang", language)
        bad = [line for line in r.stdout.decode().splitlines() if line.startswith("  !!  ")]
        check("the doctor without an agent names the socket and nothing else (%s)" % language, r.returncode == 1 and len(bad) == 1 and "user.sock" in r.stdout.decode(), r.stdout)


def installed():
    for language in ("en", "ja"):
        r = subprocess.run([BIN + "/epagent", "doctor", "--lang", language], capture_output=True, timeout=60, env=ENV)
        text = r.stdout.decode()
        check("the doctor of the installed agent, there or not (%s)" % language, r.returncode in (0, 1) and harmless(r.stdout) and "epagent-probe" in text and
              not any(w in text for w in ("doctor.", "core.", "{")), (r.returncode, text, r.stderr))
    answer = json.loads(subprocess.run([BIN + "/epagent", "doctor", "--json"], capture_output=True, timeout=60, env=ENV).stdout)
    check("it looks at services and accounts", {"service", "user"} <= {c["check"] for c in answer["checks"]}, answer)


def hostile_core(folder):
    run = folder + "/fake"
    os.mkdir(run)

    def ask(reply, *args):
        core = FakeCore(run, frame("answer", reply))
        r = epagent(run, *args)
        core.join(5)
        return r
    for i, evil in enumerate(EVIL):
        for args, reply in ((("log",), {"records": [{"number": 1, "at": evil, "kind": evil, "payload": {"control": evil, "subject": evil, "why": evil}},
                                                    {"at": evil, "kind": "fact", "payload": {"control": evil, "subject": evil, "value": {evil: evil}}},
                                                    {"at": 1, "kind": "verdict", "payload": [evil]}, evil], "next": None}),
                            (("doctor",), {"checks": [{"check": evil, "ok": False, "code": evil, "params": {evil: evil, "path": evil}}, evil]}),
                            (("policy",), {"policy": None, "refused": {"why": evil, "text": evil}})):
            r = ask(reply, *args)
            check("hostile text %d: %s moves no cursor" % (i, args[0]), r.returncode in (0, 1, 3) and harmless(r.stdout + r.stderr), (r.returncode, r.stdout, r.stderr))
    r = ask({"policy": {"policy": "x"}, "refused": None}, "policy")
    check("a policy that is none: exit 3", r.returncode == 3 and not r.stdout, (r.returncode, r.stdout, r.stderr))
    r = ask({"records": [], "next": 0, "epoch": "0000000000000001"}, "log", "--all")
    check("a log that does not move on ends", r.returncode == 0, (r.returncode, r.stderr))
    r = ask({"checks": [{"check": "journal", "ok": False, "code": "core.journal_cannot_record", "params": {}}]}, "doctor")
    check("what core finds wrong is wrong: exit 1", r.returncode == 1, (r.returncode, r.stdout))


def main():
    with tempfile.TemporaryDirectory() as folder:
        run = folder + "/run"
        agent = Agent(run)
        try:
            check("the agent answers", agent.wait_for(lambda s: not s.get("pending")))
            before(run)
            loading(agent, folder)
            in_words(run)
            reading_log(run)
            doctor_in_order(run)
        finally:
            agent.stop()
        without_agent(run)
        verify(run)
        installed()
        hostile_core(folder)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
