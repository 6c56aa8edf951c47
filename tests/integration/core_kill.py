#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""T055, local half: core and the probe are killed (SIGKILL) at random moments. After each round the journal must hold every record
that was seen before, none twice, and every change that the PC went through must be there. EPAGENT_SOAK=1: 500 rounds, else 50."""
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import ALL, BIN, Agent, Closed, Tap  # noqa: E402

ROUNDS = 500 if os.environ.get("EPAGENT_SOAK") else 50
SEED = int(os.environ.get("EPAGENT_SEED", time.time_ns() % 1000000))


def kill(agent, name):
    pid = agent.child(name)
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
    return bool(pid)


def follows(records, seen, tap_fault):
    """What was seen is still there, unchanged and in order; the numbers have no gap and none twice."""
    by_number = {}
    for record in records:
        if record["number"] in by_number:
            tap_fault.append("number %d twice" % record["number"])
        by_number[record["number"]] = record
    numbers = sorted(by_number)
    if numbers != list(range(numbers[0], numbers[-1] + 1)):
        tap_fault.append("a gap in %r" % numbers)
    for number, record in seen.items():
        if by_number.get(number) != record:
            tap_fault.append("record %d was seen and is %r now" % (number, by_number.get(number)))
    return by_number


def doubled(records):
    """Two records one after the other that say the same of the same control and subject."""
    last, twice = {}, []
    for record in records:
        if record["kind"] not in ("fact", "verdict"):
            continue
        payload = record["payload"]
        key = (record["kind"], payload["control"], payload["subject"])
        said = {k: v for k, v in payload.items() if k not in ("evidence", "since", "was")}
        if last.get(key) == said:
            twice.append(record)
        last[key] = said
    return twice


def rounds(tap):
    dice = random.Random(SEED)
    print("# seed %d" % SEED)
    with Agent("kill") as agent:
        agent.start("--again", "100")
        version, faults, seen, kills = 1, [], {}, 0
        agent.load(agent.office.sign(ALL, version))
        agent.looked()
        for number in range(ROUNDS):
            # Something happens that is recorded: another policy, a look, a stranger's nonsense.
            what = dice.randrange(3)
            try:
                if what == 0:
                    version += 1
                    rules = [dict(rule, severity=dice.choice(["low", "high"])) for rule in ALL if dice.random() < 0.7] or ALL
                    agent.load(agent.office.sign(rules, version))
                elif what == 1:
                    agent.ask("look_again")
            except (OSError, Closed):
                pass
            time.sleep(dice.random() * 0.15)
            kills += kill(agent, dice.choice(["epagentd", "epagentd", "epagent-probe"]))
            agent.until(lambda: agent.ask("status")[0] == "answer", "core is back after round %d" % number, 40)
            if number % 5 == 4:
                by_number = follows(agent.until(agent.records, "the log"), seen, faults)
                seen = by_number
        report = agent.looked()
        records = agent.records()
        follows(records, seen, faults)
        tap.ok(kills >= ROUNDS // 2, "%d of %d rounds found somebody to kill" % (kills, ROUNDS))
        tap.ok(not faults, "nothing that was seen is lost, changed or doubled", faults[:5])
        tap.ok(not doubled(records), "no change is recorded twice", doubled(records)[:3])
        shown = {(row["control"], row["subject"]): row["verdict"] for row in report["controls"]}
        recorded = {}
        for record in records:
            if record["kind"] == "verdict":
                recorded[(record["payload"]["control"], record["payload"]["subject"])] = record["payload"]["verdict"]
        tap.ok({k: v for k, v in recorded.items() if v != "gone"} == shown, "the records lead to what the status shows", (recorded, shown))
        taken = [record["payload"]["version"] for record in records if record["kind"] == "policy_taken"]
        tap.ok(taken == sorted(set(taken)) and taken[-1] == report["policy"]["version"], "each policy is taken once, and never an older one", taken)
        tap.ok(not [r for r in records if r["kind"] == "policy_refused"], "no good policy was taken for poison")
        agent.stop()
        verify = subprocess.run([os.path.join(BIN, "epagent"), "log", "--verify", "--run", agent.run], capture_output=True, text=True, check=False)
        tap.ok(verify.returncode == 0, "log --verify finds no fault", verify.stdout + verify.stderr)


if __name__ == "__main__":
    sys.exit(Tap().run(rounds))
