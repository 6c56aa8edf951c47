#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Core, the probe and the launcher as real processes: the straight line from a change on the PC to the journal, the policy's keeping, who sees
what."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import ALL, BIN, WORK, Agent, Tap, as_uid, connect, frame, overlay, private_machine, receive  # noqa: E402

NOBODY = 65534


def ask(run, kind, body):
    s = connect(run)
    s.sendall(frame(kind, body))
    return receive(s)


def ask_as(uid, run, kind, body=None):
    """The answer that this uid gets."""
    good, answer = as_uid(uid, ask, run, kind, body or {})
    return answer if good else [None, answer]


def rows(report):
    return {(row["control"], row["subject"]): row for row in report["controls"]}


def without_a_policy(tap):
    with Agent("nopolicy") as agent:
        agent.start()
        agent.until(lambda: agent.status()["pending"] == 0, "all is looked at")
        report = agent.status()
        tap.ok(report["policy"] is None and report["verdict"] == "unknown" and "core.no_policy" in report["notes"],
               "no policy: the status says so", report)
        kinds = [record["kind"] for record in agent.records()]
        tap.ok("start" in kinds and "fact" in kinds and "verdict" not in kinds, "facts are recorded, and no verdict", kinds)
        checks = {c["check"]: c for c in agent.ask("doctor")[1]["checks"]}
        tap.ok(not checks["policy"]["ok"] and checks["journal"]["ok"] and checks["core"]["ok"], "doctor names what is missing", checks)


def the_straight_line(tap):
    with Agent("line") as agent:
        agent.start()
        kind, answer = agent.load(agent.office.sign(ALL, 1))
        tap.ok(kind == "answer" and answer == {"id": "test", "version": 1}, "a signed policy is taken", answer)
        report = agent.looked()
        tap.ok(report["policy"] == {"id": "test", "version": 1} and set(c["control"] for c in report["controls"]) ==
               set(rule["control"] for rule in ALL), "every rule has a verdict", report)
        tap.ok(all(row["since"] for row in report["controls"]), "every verdict has its since")
        records = agent.records()
        recorded = {(r["payload"]["control"], r["payload"]["subject"]): r["payload"] for r in records if r["kind"] == "verdict"}
        shown = rows(report)
        tap.ok(set(recorded) == set(shown) and all(recorded[k]["verdict"] == shown[k]["verdict"] for k in shown),
               "the journal has exactly the verdicts that the status shows", (recorded.keys(), shown.keys()))
        first = [i for i, r in enumerate(records) if r["kind"] == "verdict"][0]
        tap.ok(any(r["kind"] == "fact" for r in records[:first]), "facts are recorded before verdicts")
        agent.ask("look_again")
        time.sleep(1.5)
        agent.looked()
        tap.ok(len(agent.records()) == len(records), "looking again at the same PC records nothing",
               [r for r in agent.records()[len(records):]])
        before = {k: row["since"] for k, row in rows(agent.status()).items()}
        agent.stop()
        agent.start()
        report = agent.looked()
        again = agent.records()[len(records):]
        tap.ok([r["kind"] for r in again if r["kind"] in ("fact", "verdict", "policy_taken")] == [],
               "a restart records no fact, verdict or policy twice", again)
        tap.ok([r["kind"] for r in again][:2] == ["stop", "head"] and "start" in [r["kind"] for r in again],
               "stop, a signed head, start", [r["kind"] for r in again])
        tap.ok({k: row["since"] for k, row in rows(report).items()} == before, "since outlives a restart")
        raw = subprocess.run([os.path.join(BIN, "epagent"), "--status", "--json", "--run", agent.run], capture_output=True, text=True,
                             check=False)
        tap.ok(raw.returncode in (0, 1, 2) and json.loads(raw.stdout)["controls"] == report["controls"],
               "epagent --status --json prints the same", raw.stderr)


def keeping_the_policy(tap):
    with Agent("policy") as agent:
        agent.start()
        two = agent.office.sign(ALL[:2], 2)
        agent.load(two)
        agent.looked()
        kind, why = agent.load(agent.office.sign(ALL, 1))
        tap.ok(kind == "refused" and agent.status()["policy"]["version"] == 2, "an older version is refused", why)
        kind, _ = agent.load(two)
        tap.ok(kind == "answer", "the same again is fine")
        kind, why = agent.load(agent.office.sign(ALL[:3], 2))
        alarms = [r["payload"] for r in agent.records() if r["kind"] == "alarm"]
        tap.ok(kind == "refused" and [a["alarm"] for a in alarms] == ["policy_changed"], "the same version with other bytes is an alarm", (why, alarms))
        broken = bytearray(agent.office.sign(ALL, 3))
        broken[-2] ^= 1
        tap.ok(agent.load(bytes(broken))[0] == "refused", "a changed byte is refused")
        tap.ok(agent.load(b"{}")[0] == "refused" and agent.ask("policy_load", {"document": "zz"})[0] == "refused", "unsigned and no hex are refused")
        refused = [r["payload"]["why"] for r in agent.records() if r["kind"] == "policy_refused"]
        tap.ok(refused == ["older", "changed", "bad_signature", "unsigned"], "every refusal is recorded with its reason", refused)
        tap.ok(agent.ask("policy")[1]["refused"]["why"] == "unsigned" and "core.policy_refused" in agent.status()["notes"],
               "and is told to who asks")
        tap.ok(agent.load(agent.office.sign(ALL, 3))[0] == "answer" and agent.looked()["policy"]["version"] == 3, "a newer one is taken")
        agent.stop()
        with open(os.path.join(agent.state, "policy.good"), "r+b") as f:
            f.seek(-3, os.SEEK_END)
            f.write(b"x")
        agent.start()
        agent.until(lambda: agent.status()["pending"] == 0, "all is looked at")
        tap.ok(agent.status()["policy"] is None, "a kept policy that was changed on the disk does not rule")


def the_poison_guard(tap):
    with Agent("poison") as agent:
        agent.start()
        agent.load(agent.office.sign(ALL[:2], 1))
        agent.looked()
        agent.stop()
        # As if core had ended three times while it handled version 2.
        with open(os.path.join(agent.state, "policy.new"), "wb") as f:
            f.write(agent.office.sign(ALL[:3], 2))
        with open(os.path.join(agent.state, "policy.tries"), "w", encoding="utf-8") as f:
            f.write("3\n")
        agent.start()
        report = agent.looked()
        tap.ok(report["policy"]["version"] == 1 and agent.ask("policy")[1]["refused"]["why"] == "crashed",
               "what ended core three times is refused, the last good one rules", report["policy"])
        kind, why = agent.load(agent.office.sign(ALL[:3], 2))
        tap.ok(kind == "refused", "handed again it is refused again", why)
        tap.ok(agent.load(agent.office.sign(ALL[:3], 3))[0] == "answer" and agent.looked()["policy"]["version"] == 3, "a newer one is taken")
        agent.stop()
        with open(os.path.join(agent.state, "policy.new"), "wb") as f:
            f.write(agent.office.sign(ALL[:4], 4))
        with open(os.path.join(agent.state, "policy.tries"), "w", encoding="utf-8") as f:
            f.write("2\n")
        agent.start()
        tap.ok(agent.looked()["policy"]["version"] == 4, "after two it is tried once more")
        tap.ok(not os.path.exists(os.path.join(agent.state, "policy.new")), "and is the good one then")


def who_sees_what(tap):
    if os.geteuid() != 0:
        tap.skip("who sees what", "wants root: to ask as somebody else")
        return
    with Agent("who", deep=True) as agent:
        tap.ok(len(os.path.join(agent.run, "user.sock")) > 200, "the folder lies deeper than a socket's address holds")
        os.chmod(os.path.dirname(agent.folder), 0o755)
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        report = agent.looked()
        kind, theirs = ask_as(NOBODY, agent.run, "status")
        others = [r for r in report["controls"] if r["subject"].startswith("user:") and r["subject"] not in ("user:*", "user:%d" % NOBODY)]
        tap.ok(kind == "answer" and theirs["hidden"] == len(others) and theirs["verdict"] == report["verdict"] and
               len(theirs["controls"]) == len(report["controls"]) - len(others), "a user sees the PC's and his own rows, and the whole verdict", theirs)
        for command in ("look_again", "policy_load"):
            kind, why = ask_as(NOBODY, agent.run, command)
            tap.ok(kind == "refused" and why["meaning"] == "denied", "%s is root's" % command, why)
        agent.until(lambda: [r for r in agent.records() if r["kind"] == "peer_violation" and r["payload"]["uid"] == NOBODY], "it is recorded")
        tap.ok(True, "and whoever tried is recorded")
        kind, log = ask_as(NOBODY, agent.run, "log", {"most": 500})
        tap.ok(kind == "answer" and not [r for r in log["records"] if r["kind"] == "session"], "who is logged in is not told to others", log)
        good, why = as_uid(NOBODY, lambda run: bool(connect(run, "probe")), agent.run)
        tap.ok(not good and "PermissionError" in why, "nobody but root reaches the probe's socket", why)


def a_change_on_the_pc(tap):
    if not overlay("/usr/share", os.path.join(MACHINE, "share")):
        tap.skip("a change on the PC", "overlay is not possible here")
        return
    with Agent("change") as agent:
        for folder in ("/usr/share/xsessions", "/usr/share/wayland-sessions"):
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                os.unlink(os.path.join(folder, name))
        agent.start()
        agent.load(agent.office.sign([{"control": "screen_lock", "require": {"at_most": "10m"}}], 1))
        report = agent.looked()
        tap.ok(rows(report)[("screen_lock", "host")]["verdict"] == "not_applicable", "no desktop: not applicable", report)
        os.makedirs("/usr/share/xsessions", exist_ok=True)
        with open("/usr/share/xsessions/sway.desktop", "w", encoding="utf-8") as f:
            f.write("[Desktop Entry]\nType=XSession\nExec=/bin/sh\nDesktopNames=sway\nName=Sway\n")
        start = time.monotonic()
        agent.until(lambda: ("screen_lock", "host") not in rows(agent.status()), "the desktop is seen", 10)
        tap.ok(time.monotonic() - start < 5, "a new file is seen by its trigger, long before the period (%.1f s)" % (time.monotonic() - start))
        gone = [r["payload"] for r in agent.records() if r["kind"] == "fact" and r["payload"].get("state") == "gone"]
        tap.ok(gone == [{"control": "screen_lock", "subject": "host", "state": "gone"}], "what is gone is recorded as gone", gone)
        os.unlink("/usr/share/xsessions/sway.desktop")
        agent.until(lambda: ("screen_lock", "host") in rows(agent.status()), "the desktop is gone", 10)
        verdicts = [(r["payload"]["subject"], r["payload"]["verdict"]) for r in agent.records() if r["kind"] == "verdict"]
        tap.ok([v for v in verdicts if v[0] == "host"] == [("host", "not_applicable"), ("host", "gone"), ("host", "not_applicable")] and
               [v for v in verdicts if v[0] == "user:*"] == [("user:*", "unknown"), ("user:*", "gone")], "one record for each change", verdicts)


def a_probe_that_hangs(tap):
    """T105: whoever opens /proc/swaps hangs; only that control is unknown, in time, and the rest goes on."""
    with Agent("hang") as agent:
        programs = os.path.join(agent.folder, "programs")
        os.mkdir(programs)
        os.symlink(os.path.join(BIN, "epagentd"), os.path.join(programs, "epagentd"))
        # host.c opens by syscall(2): the wrapper puts one in front that sleeps where the path is swaps.
        source, library = os.path.join(agent.folder, "hang.c"), os.path.join(agent.folder, "hang.so")
        with open(source, "w", encoding="utf-8") as f:
            f.write("#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <string.h>\n#include <unistd.h>\n"
                    "long syscall(long n, ...) { __builtin_va_list a; __builtin_va_start(a, n); long x[6];"
                    " for (int i = 0; i < 6; i++) x[i] = __builtin_va_arg(a, long); __builtin_va_end(a);"
                    " if (n == 437 && x[1] && strstr((char *)x[1], \"swaps\")) for (;;) pause();"
                    " long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, \"syscall\");"
                    " return real(n, x[0], x[1], x[2], x[3], x[4], x[5]); }\n")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
        wrapper = os.path.join(programs, "epagent-probe")
        with open(wrapper, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nexport LD_PRELOAD=%s\nexec %s/epagent-probe \"$@\"\n" % (library, BIN))
        os.chmod(wrapper, 0o755)
        agent.programs = programs
        start = time.monotonic()
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        report = agent.looked()
        took = time.monotonic() - start
        shown = rows(report)
        hung = shown.get(("disk_encryption", "host"), {})
        tap.ok(hung.get("verdict") == "unknown" and hung.get("code") == "disk_encryption.timeout", "a probe that hangs is unknown: timeout", hung)
        tap.ok(hung.get("evidence"), "with evidence of what was tried")
        tap.ok(took < 20, "within its limit (%.1f s)" % took)
        tap.ok(not [k for k, row in shown.items() if k[0] != "disk_encryption" and row["code"].endswith(".timeout")], "the others answer", shown.keys())


def without_a_probe(tap):
    with Agent("noprobe") as agent:
        programs = os.path.join(agent.folder, "programs")
        os.mkdir(programs)
        os.symlink(os.path.join(BIN, "epagentd"), os.path.join(programs, "epagentd"))
        os.symlink("/bin/false", os.path.join(programs, "epagent-probe"))
        agent.programs = programs
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        report = agent.until(lambda: (lambda r: r if r["pending"] == 0 else None)(agent.status()), "core goes on", 90)
        tap.ok(all(row["verdict"] == "unknown" for row in report["controls"]), "a probe that cannot run is unknown everywhere, never a pass", report)


LIAR = """#!/usr/bin/python3
import socket, sys
sys.path.insert(0, %r)
from agent import *
listener = socket.socket(fileno=3)
listener.setblocking(True)
while True:
    s = listener.accept()[0]
    try:
        while True:
            for name in receive(s)[1]["controls"]:
                fact = {"control": "disk_encryption", "subject": "volume:/", "state": "known", "value": "full", "fixed": True}
                if %d == 2 and name != "disk_encryption":
                    fact = {"control": name, "subject": "host", "state": "unknown", "reason": "not_read"}
                elif %d != 2:
                    fact["evidence"] = [{"source": "/proc", "key": "k", "value": True}]
                answer = {"schema": 1, "facts": [fact]}
                s.sendall(frame("facts", {"control": name, "answer": answer} if %d != 1 else b"{broken"))
            s.sendall(frame("looked", {}))
    except Exception:
        s.close()
"""


def a_probe_that_lies(tap):
    """A probe that was taken over speaks of what it was not asked, or talks nonsense: nothing of it is believed, and it is recorded."""
    for kind, what in ((0, "answers about something else"), (1, "nonsense"), (2, "answer without evidence (T106)")):
        with Agent("liar") as agent:
            programs = os.path.join(agent.folder, "programs")
            os.mkdir(programs)
            os.symlink(os.path.join(BIN, "epagentd"), os.path.join(programs, "epagentd"))
            with open(os.path.join(programs, "epagent-probe"), "w", encoding="utf-8") as f:
                f.write(LIAR % (os.path.dirname(os.path.abspath(__file__)), kind, kind, kind))
            os.chmod(os.path.join(programs, "epagent-probe"), 0o755)
            agent.programs = programs
            agent.start()
            pid = agent.child("epagentd")
            agent.load(agent.office.sign(ALL, 1))
            report = agent.until(lambda: (lambda r: r if r["pending"] == 0 else None)(agent.status()), "core goes on", 60)
            tap.ok(all(row["verdict"] == "unknown" for row in report["controls"]), "a probe's %s: unknown, never believed" % what, report)
            roles = {r["payload"]["role"] for r in agent.records() if r["kind"] == "peer_violation"}
            tap.ok(roles == {"probe"} and agent.child("epagentd") == pid, "a probe's %s: recorded, and core is unmoved" % what, roles)


def nothing_of_the_caller(tap):
    """T097: what the starter's environment and limits say has no effect on the programs."""
    with Agent("env") as agent:
        bait = os.path.join(agent.folder, "bait.cnf")
        os.mkfifo(bait)  # whoever opens it for reading hangs
        env = dict(os.environ, LD_LIBRARY_PATH="/nonexistent", OPENSSL_CONF=bait, OPENSSL_MODULES="/nonexistent", PATH="/nonexistent",
                   LANG="tr_TR.UTF-8", LC_ALL="tr_TR.UTF-8", TMPDIR="/nonexistent", JANSSON="1")
        agent.start(env=env)
        agent.load(agent.office.sign(ALL, 1))
        report = agent.looked()
        tap.ok(report["policy"]["version"] == 1, "a policy is verified all the same")
        with open("/proc/%d/environ" % agent.child("epagentd"), "rb") as f:
            names = sorted(x.split(b"=")[0].decode() for x in f.read().split(b"\0") if x)
        tap.ok(names == ["LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID", "PATH"], "core's environment is the launcher's own", names)
        for name in ("epagentd",):
            fds = []
            for fd in os.listdir("/proc/%d/fd" % agent.child(name)):
                try:
                    fds.append(os.readlink("/proc/%d/fd/%s" % (agent.child(name), fd)))
                except FileNotFoundError:
                    pass  # closed meanwhile
            tap.ok(not [fd for fd in fds if fd.startswith("/") and not fd.startswith((agent.folder, "/dev/null", "/proc/"))],
                   "%s holds nothing of the caller's open" % name, fds)


def stopping(tap):
    with Agent("stop") as agent:
        agent.start()
        agent.ask("look_again")
        core, launcher = agent.child("epagentd"), agent.process
        agent.process.send_signal(signal.SIGINT)
        launcher.wait(10)
        tap.ok(launcher.returncode == 0, "SIGINT ends the launcher")
        tap.ok(not os.path.exists("/proc/%d" % core), "and core")
        tap.ok(not os.path.exists(os.path.join(agent.run, "user.sock")), "its sockets are gone")
        agent.process = None
        agent.start()
        core, launcher = agent.child("epagentd"), agent.process
        os.kill(launcher.pid, signal.SIGKILL)
        launcher.wait(10)
        end = time.monotonic() + 10
        while os.path.exists("/proc/%d" % core) and time.monotonic() < end:
            time.sleep(0.05)
        tap.ok(not os.path.exists("/proc/%d" % core), "core does not outlive a launcher that is killed")
        agent.process = None


def a_journal_that_is_deleted(tap):
    """T063: the files go while core runs. Nothing happens on the PC, and all the same a new epoch begins and has everything."""
    for what in ("folder", "segments"):
        with Agent("deleted") as agent:
            agent.start()
            agent.load(agent.office.sign(ALL, 1))
            shown = rows(agent.looked())
            before = agent.records()
            journal = os.path.join(agent.state, "journal")
            if what == "folder":
                shutil.rmtree(journal, ignore_errors=True)
            for name in os.listdir(journal) if what != "folder" else []:
                if name.startswith("segment-"):
                    os.unlink(os.path.join(journal, name))
            agent.ask("look_again")

            def anew():
                records = agent.records()
                kinds = [r["kind"] for r in records]
                found = {(r["payload"]["control"], r["payload"]["subject"]) for r in records if r["kind"] == "verdict"}
                return records if "epoch" in kinds and "policy_taken" in kinds and found == set(shown) else None
            after = agent.until(anew, "everything is recorded anew", 20)
            facts = [{(r["payload"]["control"], r["payload"]["subject"]) for r in part if r["kind"] == "fact"} for part in (before, after)]
            tap.ok([r["payload"]["why"] for r in after if r["kind"] == "epoch"] == ["deleted"],
                   "the journal's %s deleted while core runs: a new epoch that says so" % what, after[:2])
            tap.ok(facts[0] == facts[1], "with every fact", facts)
            tap.ok({k: r["since"] for k, r in rows(agent.looked()).items()} == {k: r["since"] for k, r in shown.items()}, "and since when")
            agent.stop()
            agent.start()
            agent.looked()
            again = [r["kind"] for r in agent.records()[len(after):]]
            tap.ok(not {"fact", "verdict", "policy_taken", "epoch"} & set(again), "and after a restart nothing of it twice", again)


def another_core_still_ends(tap):
    """The journal is another process's when core starts: it watches all the same, and records as soon as it can, without what it lost."""
    import fcntl
    with Agent("lock") as agent:
        lock = open(os.path.join(agent.state, "journal.lock"), "w", encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_EX)
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        shown = rows(agent.looked())
        tap.ok(not {c["check"]: c for c in agent.ask("doctor")[1]["checks"]}["journal"]["ok"], "a journal that is held elsewhere: the doctor says so")
        lock.close()
        agent.until(lambda: {(r["payload"]["control"], r["payload"]["subject"]) for r in agent.records() if r["kind"] == "verdict"} == set(shown),
                    "it is recorded once the journal is free", 20)
        tap.ok(True, "and once it is free everything is recorded")


def wakes(pid):
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)


def at_rest(tap):
    """Without a watchdog and with nothing to settle there is no heartbeat: core sleeps."""
    with Agent("rest") as agent:
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        agent.looked()
        time.sleep(3)
        core = agent.child("epagentd")
        before = wakes(core)
        time.sleep(25)
        tap.ok(wakes(core) - before <= 1, "at rest core does not wake", wakes(core) - before)


def started_by_hand(tap):
    import tempfile
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        ended = subprocess.run([os.path.join(BIN, "epagentd"), "--run", folder], capture_output=True, text=True, timeout=20, check=False)
        tap.ok(ended.returncode == 1 and "user socket" in ended.stderr and not os.listdir(folder), "core without its socket ends and leaves nothing",
               (ended, os.listdir(folder)))


def agent_conf(tap):
    with Agent("conf") as agent:
        agent.config("journal = 1\nserver = nowhere\nobserve = yes\n")
        agent.start()
        checks = {c["check"]: c for c in agent.ask("doctor")[1]["checks"]}
        tap.ok(not checks["config"]["ok"] and "line 2" in checks["config"]["params"]["text"] and "core.observe" in agent.status()["notes"],
               "a wrong line of agent.conf is named, the others hold", checks["config"])


if __name__ == "__main__":
    import tempfile

    private_machine("core")
    os.makedirs(WORK, exist_ok=True)
    MACHINE = tempfile.mkdtemp(prefix="machine-", dir=WORK)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", MACHINE], check=True)
    tests = [without_a_policy, the_straight_line, keeping_the_policy, the_poison_guard, who_sees_what, a_change_on_the_pc, a_probe_that_hangs,
             without_a_probe, a_probe_that_lies, nothing_of_the_caller, stopping, agent_conf, a_journal_that_is_deleted, another_core_still_ends, at_rest,
             started_by_hand]
    only = sys.argv[1:]
    sys.exit(Tap().run(*[t for t in tests if not only or t.__name__ in only]))
