#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""T095: whoever is on the PC talks to the user socket: all verbs, garbage, half messages, floods, and no descriptor left. Core answers the others
all the while, and records who broke the table."""
import json
import os
import random
import resource
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import ALL, TYPES, Agent, Closed, Tap, as_uid, connect, frame, receive  # noqa: E402

MESSAGES = 100000 if os.environ.get("EPAGENT_SOAK") else 10000
SEED = int(os.environ.get("EPAGENT_SEED", time.time_ns() % 1000000))
NOBODY = 65534


def core_rss_kib(agent):
    with open("/proc/%d/status" % agent.child("epagentd"), encoding="utf-8") as f:
        return int([x for x in f if x.startswith("VmRSS")][0].split()[1])


def descriptors(agent):
    return len(os.listdir("/proc/%d/fd" % agent.child("epagentd")))


def exchange(agent, raw):
    """(what came back or None, whether core closed)"""
    s = connect(agent.run)
    try:
        s.sendall(raw)
        answer = receive(s)
    except (Closed, BrokenPipeError, ConnectionResetError):
        return None, True
    try:
        s.settimeout(2)
        return answer, s.recv(1) == b""
    except socket.timeout:
        return answer, False
    except ConnectionResetError:
        return answer, True
    finally:
        s.close()


def every_wrong_message(tap, agent):
    wrong = {
        "no message": b"GET / HTTP/1.1\r\n\r\n",
        "another version": frame("status", {}, version=2),
        "no such type": frame(200, b"{}"),
        "the probe's answer": frame("facts", b"{}"),
        "core's answer": frame("answer", b"{}"),
        "a look": frame("look", b"{}"),
        "too long": frame("status", b"", size=1 << 20),
        "4 GiB": frame("status", b"", size=0xffffffff),
        "no JSON": frame("status", b"{nope"),
        "a list": frame("status", b"[]"),
        "no bytes": frame("status", b""),
        "two values": frame("status", b"{}{}"),
        "a key twice": frame("status", b'{"a":1,"a":2}'),
        "deep": frame("status", b'{"a":' + b"[" * 200 + b"]" * 200 + b"}"),
        "bad UTF-8": frame("status", b'{"a":"\xff"}'),
    }
    bad = []
    for what, raw in wrong.items():
        answer, closed = exchange(agent, raw)
        if not closed or (answer and answer[0] != "refused"):
            bad.append((what, answer, closed))
    tap.ok(not bad, "%d kinds of broken messages: refused and closed" % len(wrong), bad)
    for kind, body in (("log", {"epoch": "xyz"}), ("log", {"after": -5, "most": -1}), ("log", {"after": 1 << 60}), ("policy_load", {}),
                       ("policy_load", {"document": "00" * 1000}), ("status", {"unknown": [1, 2, 3]})):
        answer, closed = exchange(agent, frame(kind, body))
        if closed or answer is None:
            bad.append((kind, body, answer))
    tap.ok(not bad, "odd questions in good form are answered", bad)


def half_messages(tap, agent):
    held = []
    for cut in (0, 1, 7, 8, 9, 20):
        s = connect(agent.run)
        s.sendall(frame("status", {"pad": "x" * 50})[:cut])
        held.append(s)
    tap.ok(agent.ask("status")[0] == "answer", "half messages hold nobody up")
    start = time.monotonic()
    for s in held:
        s.settimeout(25)
        try:
            assert s.recv(100) == b""
        except ConnectionResetError:
            pass
    tap.ok(time.monotonic() - start < 20, "and are closed in %.0f s" % (time.monotonic() - start))
    slow = connect(agent.run)
    for byte in frame("status", {}):
        slow.sendall(bytes([byte]))
        time.sleep(0.01)
    tap.ok(receive(slow)[0] == "answer", "one that comes in single bytes is a message")
    slow.close()


def a_flood(tap, agent):
    dice = random.Random(SEED)
    before, records = core_rss_kib(agent), len(agent.records())
    worst, sent, s = 0.0, 0, None
    while sent < MESSAGES:
        try:
            s = s or connect(agent.run)
            burst = b"".join(frame(dice.choice(list(TYPES.values())), dice.choice([b"{}", b"[]", b"", os.urandom(20)])) for _ in range(50))
            sent += 50
            s.sendall(burst)
            s.settimeout(0.01)
            try:
                while s.recv(65536):
                    pass
            except socket.timeout:
                pass
        except (OSError, Closed):
            pass
        s.close()
        s = None
        if sent % 2000 == 0:
            start = time.monotonic()
            agent.until(lambda: agent.ask("status")[0] == "answer", "an answer in the flood", 10)
            worst = max(worst, time.monotonic() - start)
    grown = core_rss_kib(agent) - before
    tap.ok(worst < 2, "%d messages: others are answered in at most %.2f s" % (sent, worst))
    tap.ok(grown < 8192, "core grew by %d KiB" % grown)
    added = agent.records()[records:]
    violations = [r for r in added if r["kind"] == "peer_violation"]
    tap.ok(len(violations) < 10, "a flood of violations is few records (%d)" % len(violations))


def ask_much(run):
    """(answers in 3 s on one connection, connections of 40 that are answered)"""
    s = connect(run, timeout=60)
    end, count = time.monotonic() + 3, 0
    while time.monotonic() < end:
        s.sendall(frame("status", {}))
        receive(s)
        count += 1
    held, alive = [], 0
    try:
        for _ in range(40):
            held.append(connect(run))
    except OSError:
        pass
    for c in held:
        try:
            c.settimeout(0.5)
            c.sendall(frame("status", {}))
            receive(c)
            alive += 1
        except (OSError, Closed):
            pass
    return count, alive


def one_user_is_held_back(tap, agent):
    if os.geteuid() != 0:
        tap.skip("one user is held back", "wants root: to be somebody else")
        return
    good, answer = as_uid(NOBODY, ask_much, agent.run)
    count, alive = answer if good else (0, 99)
    tap.ok(50 <= count <= 150, "one uid gets %d answers in 3 s: a burst, then 20 a second" % count, answer)
    tap.ok(alive <= 8, "and at most eight connections (%d)" % alive)


def no_descriptor_left(tap, agent):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    before = descriptors(agent)
    held = []
    for _ in range(600):
        try:
            held.append(connect(agent.run, timeout=0.2))
        except OSError:
            break
    time.sleep(0.5)
    tap.ok(descriptors(agent) - before < 100, "core holds at most its number of connections (%d)" % (descriptors(agent) - before))
    for s in held:
        s.close()
    agent.until(lambda: descriptors(agent) <= before + 1, "they are given back")
    tap.ok(agent.ask("status")[0] == "answer", "and it answers")
    # Out of descriptors altogether: it waits, does not spin, and comes back.
    pid = agent.child("epagentd")
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE, (before + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held = [connect(agent.run, timeout=0.2) for _ in range(10)]
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        used = sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])
    time.sleep(2)
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        used = sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13]) - used
    tap.ok(used < 20, "out of descriptors core does not spin (%d ticks in 2 s)" % used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    for s in held:
        s.close()
    agent.until(lambda: agent.ask("status")[0] == "answer", "it answers again")
    tap.ok(agent.child("epagentd") == pid, "and it is the same process")


def passed_descriptors(tap, agent):
    before = descriptors(agent)
    s = connect(agent.run)
    null = os.open("/dev/null", os.O_RDONLY)
    for _ in range(50):
        socket.send_fds(s, [frame("status", {})], [null] * 4)
        receive(s)
    tap.ok(descriptors(agent) <= before + 1, "descriptors that are sent along are not kept")
    s.close()


def all_of_it(tap):
    print("# seed %d" % SEED)
    with Agent("hostile") as agent:
        agent.start()
        agent.load(agent.office.sign(ALL, 1))
        agent.looked()
        pid = agent.child("epagentd")
        for test in (every_wrong_message, half_messages, passed_descriptors, one_user_is_held_back, no_descriptor_left, a_flood):
            test(tap, agent)
        tap.ok(agent.child("epagentd") == pid and agent.status()["pending"] == 0, "after all of it core is the same process, unmoved")
        recorded = [r["payload"] for r in agent.records() if r["kind"] == "peer_violation"]
        tap.ok(recorded and all(p["role"] == "user" for p in recorded), "who broke the table is recorded", json.dumps(recorded)[:500])


if __name__ == "__main__":
    sys.exit(Tap().run(all_of_it))
