#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""T065: eight descriptors, a stack of 64 KiB, no process to be had. The agent does less, says so, passes nothing that it did not see, and does
all again when there is room. The journal has no fault after any of it."""
import os
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import ALL, BIN, WORK, Agent, Tap  # noqa: E402

SOMEBODY = 64321  # runs nothing else: RLIMIT_NPROC counts all of a uid's processes, and root is not held by it


def good_journal(agent):
    done = subprocess.run([os.path.join(BIN, "epagent"), "log", "--verify", "--run", agent.run], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def no_crash(agent):
    return "(signal" not in agent.said()


def rows(report):
    return {(row["control"], row["subject"]): row["verdict"] for row in report["controls"]}


def few_descriptors(tap):
    with Agent("fds") as agent:
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        shown = rows(agent.looked())
        core = agent.child("epagentd")
        limits = resource.prlimit(core, resource.RLIMIT_NOFILE)
        resource.prlimit(core, resource.RLIMIT_NOFILE, (8, limits[1]))
        try:
            agent.status()
            tap.ok(False, "with 8 descriptors nobody can be let in: the limit is felt")
        except OSError:
            tap.ok(True, "with 8 descriptors nobody can be let in: the limit is felt")
        resource.prlimit(core, resource.RLIMIT_NOFILE, limits)
        agent.until(lambda: agent.ask("look_again")[0] == "answer", "it answers again", 20)
        time.sleep(1)
        tap.ok(agent.until(lambda: rows(agent.looked()) == shown, "the same verdicts", 30), "with room again: the same verdicts")
        tap.ok(agent.child("epagentd") == core and no_crash(agent), "by the same process", agent.said())
        resource.prlimit(core, resource.RLIMIT_NOFILE, (len(os.listdir("/proc/%d/fd" % core)) + 1, limits[1]))
        agent.ask("look_again")
        time.sleep(4)  # one descriptor is the caller's: the look has none
        report = agent.status()
        tap.ok(all(v == "unknown" or shown.get(k) == v for k, v in rows(report).items()), "a look without descriptors finds nothing new", report)
        resource.prlimit(core, resource.RLIMIT_NOFILE, limits)
        agent.ask("look_again")
        agent.until(lambda: rows(agent.looked()) == shown, "the same verdicts", 40)
        tap.ok(agent.child("epagentd") == core, "and all again with room")
        agent.stop()
        tap.ok(*(lambda r: (r[0], "the journal has no fault", r[1]))(good_journal(agent)))


def started_with(tap, what, limit, value):
    def preexec():
        resource.setrlimit(limit, (value, value))
    with Agent("start") as agent:
        agent.start(preexec=preexec, wait=False)
        try:
            agent.until(lambda: agent.process.poll() is not None or agent.ask("status"), "it answers or ends", 20)
            tap.ok(True, "%s: it answers, or ends" % what)
        except AssertionError:
            tap.ok(agent.process.poll() is None and agent.said(), "%s: it says what is missing" % what, agent.said())
        tap.ok(no_crash(agent) and (agent.process.poll() is None or agent.process.returncode == 1), "%s: nothing crashes" % what,
               (agent.process.poll(), agent.said()[-800:]))
        agent.stop()
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        tap.ok(agent.looked()["policy"]["version"] == 1, "%s: without the limit it works" % what)
        agent.stop()
        tap.ok(*(lambda r: (r[0], "%s: the journal has no fault" % what, r[1]))(good_journal(agent)))


def a_small_stack(tap):
    def preexec():
        resource.setrlimit(resource.RLIMIT_STACK, (64 << 10, 64 << 10))
    with Agent("stack") as agent:
        agent.start(preexec=preexec)
        agent.load(agent.office.sign(ALL, 1))
        report = agent.looked()
        core = agent.child("epagentd")
        agent.ask("log", {"most": 100})
        agent.ask("doctor")
        with open("/proc/%d/limits" % core, encoding="utf-8") as f:
            tap.ok([x for x in f if x.startswith("Max stack size") and x.split()[3] == "65536"], "core has 64 KiB of stack")
        tap.ok(no_crash(agent) and agent.child("epagentd") == core, "core does all it does in 64 KiB", agent.said())
        crashed = [r for r in report["controls"] if r["code"].endswith((".crashed", ".not_read", ".limit"))]
        tap.ok(len(crashed) <= 1 and all(r["verdict"] == "unknown" for r in crashed), "and so do the probes, or are unknown", crashed)


def no_processes(tap):
    if os.geteuid() != 0:
        tap.skip("no process to be had", "wants root: to be a user who runs nothing else")
        return
    with Agent("pids", outside=True) as agent:
        for base, folders, files in os.walk(agent.folder):
            for name in [base] + [os.path.join(base, x) for x in folders + files]:
                os.chown(name, SOMEBODY, SOMEBODY)

        def preexec():
            os.setgroups([])
            os.setgid(SOMEBODY)
            resource.setrlimit(resource.RLIMIT_NPROC, (3, 64))  # launcher, core, the probe: and none for its looks
            os.setuid(SOMEBODY)
        agent.start(preexec=preexec)
        agent.load(agent.office.sign(ALL, 1))
        report = agent.until(lambda: (lambda r: r if r["pending"] == 0 else None)(agent.status()), "core goes on", 60)
        by_probe = [r for r in report["controls"] if r["control"] != "usb_storage"]
        tap.ok(by_probe and all(r["verdict"] == "unknown" for r in by_probe), "no process for a look: unknown, never a pass", by_probe)
        core, probe = agent.child("epagentd"), agent.child("epagent-probe")
        for pid in (agent.process.pid, core, probe):
            if pid:
                subprocess.run(["prlimit", "--pid", str(pid), "--nproc=64:64"], user=SOMEBODY, group=SOMEBODY, extra_groups=[], check=True)
        agent.ask("look_again")
        agent.until(lambda: [r for r in agent.looked()["controls"] if r["control"] != "usb_storage" and not r["code"].endswith(".not_read")],
                    "it looks again", 40)
        tap.ok(agent.child("epagentd") == core and no_crash(agent), "with room it looks again, by the same process", agent.said())


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    tests = [few_descriptors, lambda tap: started_with(tap, "started with 8 descriptors", resource.RLIMIT_NOFILE, 8), a_small_stack, no_processes]
    sys.exit(Tap().run(*tests))
