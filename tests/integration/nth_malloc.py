#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""T064: the nth call for memory fails, for all n, alone or with all after it. The probe ends in order, and what it then says is what it says with
memory, or unknown, never something else; core goes on or ends with status 1, and is whole at its next start."""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import ALL, BIN, TOP, WORK, Agent, Tap, connect, frame, receive  # noqa: E402

FRAIL = os.path.join(TOP, "build/linux/test/frail")
SEED = int(os.environ.get("EPAGENT_SEED", time.time_ns() % 1000000))
SOAK = bool(os.environ.get("EPAGENT_SOAK"))
CONTROLS = ["screen_lock", "disk_encryption", "password_memory", "antivirus_running", "antivirus_signatures", "usb_storage"]


def environment(fail_at, fail_on):
    env = {"PATH": os.environ["PATH"], "EPAGENT_TELL": "1"}
    if fail_at:
        env["EPAGENT_FAIL_AT"] = str(fail_at)
    if fail_on:
        env["EPAGENT_FAIL_ON"] = "1"
    return env


def asked(said):
    return int([line for line in said.splitlines() if line.startswith("asked ")][-1].split()[1])


def probe(control, fail_at=0, fail_on=False):
    return subprocess.run([os.path.join(FRAIL, "epagent-probe"), control], env=environment(fail_at, fail_on), capture_output=True, text=True, timeout=20,
                          check=False)


def told(done):
    """(control, subject) -> what is known of it; None where it is not."""
    return {(f["control"], f["subject"]): (f["state"], json.dumps(f.get("value")), f.get("fixed"))
            if f["state"] != "unknown" else None for f in json.loads(done.stdout)["facts"]}


def wrong(done, whole):
    """Why this answer is none; None if it is as it should be."""
    if done.returncode not in (0, 3):
        return "ended with %d" % done.returncode
    if done.returncode == 3:
        return None if done.stderr.strip().splitlines()[0].startswith("epagent-probe: ") else "says nothing"
    try:
        facts = told(done)
    except ValueError:
        return "half an answer with status 0: %s" % done.stdout[:200]
    if None in facts.values():
        return None  # the control is not known: no verdict passes by it
    return None if facts == whole else "another truth: %s" % (set(facts.items()) ^ set(whole.items()))


def probes(tap):
    for control in CONTROLS:
        first = probe(control)
        whole, count, faults = told(first), asked(first.stderr), []
        for n in range(1, count + 1):
            for fail_on in (False, True):
                why = wrong(probe(control, n, fail_on), whole)
                if why:
                    faults.append((n, fail_on, why))
        tap.ok(not faults and count > 20, "%s: each of %d calls for memory fails, alone and with all after it" % (control, count), faults[:5])


class Core:
    """epagentd alone, with the user socket of ours; no probe answers, which is unknown."""

    def __init__(self, run, fail_at, fail_on):
        path = os.path.join(run, "user.sock")
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        folder = os.open(run, os.O_PATH)
        listener.bind("/proc/self/fd/%d/user.sock" % folder)
        os.close(folder)
        listener.listen(8)
        env = dict(environment(fail_at, fail_on), LISTEN_FDS="1", LISTEN_FDNAMES="user")
        command = "exec env LISTEN_PID=$$ %s --run %s 3<&%d" % (os.path.join(FRAIL, "epagentd"), run, listener.fileno())
        self.run = run
        self.process = subprocess.Popen(["bash", "-c", command], env=env, pass_fds=[listener.fileno()], stderr=subprocess.PIPE, text=True)
        listener.close()

    def talk(self, kind, body=None):
        try:
            s = connect(self.run, timeout=3)
            s.sendall(frame(kind, body or {}))
            return receive(s)
        except Exception:  # pylint: disable=broad-except
            return None, None

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            _, said = self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "hangs", self.process.communicate()[1]
        return self.process.returncode, said


def work(core, document):
    core.talk("status")
    core.talk("policy_load", {"document": document.hex()})
    for _ in range(100):
        report = core.talk("status")[1]
        if core.process.poll() is not None or (report and report.get("pending") == 0 and report.get("policy")):
            break
        time.sleep(0.02)
    for kind in ("log", "doctor", "policy", "look_again"):
        core.talk(kind)


def core(tap):
    with Agent("malloc") as agent:
        document = agent.office.sign(ALL, 1)
        one = Core(agent.run, 0, False)
        work(one, document)
        status, said = one.end()
        count = asked(said)
        tap.ok(status == 0 and count > 100, "core asks for memory %d times" % count, said)
        rng = random.Random(SEED)
        rounds = [(n, on) for n in range(1, count + 1) for on in (False, True)]
        rounds = rounds if SOAK else rng.sample(rounds, min(60, len(rounds)))
        faults = []
        for n, on in rounds:
            one = Core(agent.run, n, on)
            if not on:
                work(one, document)
            else:
                time.sleep(0.2)
                one.talk("status")
            status, said = one.end()
            if status not in (0, 1):
                faults.append((n, on, status, said[-900:]))
        tap.ok(not faults, "core: %d of them fail, alone and with all after it; it goes on, or ends with status 1 (seed %d)" % (len(rounds), SEED), faults[:5])
        os.unlink(os.path.join(agent.run, "user.sock"))
        agent.start()
        agent.load(agent.office.sign(ALL, 2))
        tap.ok(agent.looked()["policy"]["version"] == 2, "with memory it works at its next start")
        agent.stop()
        done = subprocess.run([os.path.join(BIN, "epagent"), "log", "--verify", "--run", agent.run], capture_output=True, text=True, check=False)
        tap.ok(done.returncode == 0, "and the journal has no fault", done.stdout + done.stderr)


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    only = sys.argv[1:]
    sys.exit(Tap().run(*[t for t in (probes, core) if not only or t.__name__ in only]))
