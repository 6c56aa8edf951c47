#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""screen_lock in a hostile home: an answer in time, `unknown`, and nothing of what a link points to in it.

Also a database that changes all the time under the reader: each answer is one of the two that were really there, or unknown.
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "control"))
import machine

BIN = os.environ.get("EPAGENT_BIN", "build/linux/bin")
HOSTILE = ("gnome profile db-open home-link", "gnome profile db-open home-evil(how=fifo)", "gnome profile db-open home-evil(how=sparse=1073741824)",
           "kde home-link(file=kscreenlockerrc)", "kde home-link(file=kdeglobals)", "kde home-kde-evil(how=fifo)",
           "kde home-kde-evil(how=sparse=1073741824)", "gnome profile db-open link(path=home/sato/.config, to=/etc)")
number = bad = 0


def check(good, title, detail=""):
    global number, bad
    number += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", number, title, "" if good else ": %s" % detail), flush=True)


def probe(root):
    start = time.monotonic()
    r = subprocess.run([BIN + "/epagent-probe", "--root", root, "screen_lock"], capture_output=True, timeout=30)
    facts = {f["subject"]: f for f in json.loads(r.stdout)["facts"]}
    return facts, r.stdout + r.stderr, time.monotonic() - start


def hostile(layers, d):
    machine.build(d, "screen_lock", "debian " + layers)
    facts, text, seconds = probe(d)
    fact = facts["user:1000"]
    check(seconds < 5, "%s: in time" % layers, seconds)
    check(fact["state"] == "unknown" and fact["reason"] == "home_not_read", "%s: unknown" % layers, fact)
    check(any(e["key"] == "error" for e in fact["evidence"]), "%s: says what was tried" % layers, fact)
    check(b"secret" not in text, "%s: nothing leaks" % layers, text)
    check(facts["user:*"]["state"] == "known", "%s: the others are judged" % layers, facts)


def text_instead_of_a_value(d):
    """What the clerk wrote where a number belongs stays on his PC."""
    machine.build(d, "screen_lock", "debian kde home-kde(a=Timeout=my secret, b=Autolock=secret)")
    facts, text, _ = probe(d)
    fact = facts["user:1000"]
    check(fact["state"] == "known" and any(e.get("value") == "no_plain_value" for e in fact["evidence"]), "text for a number: judged", fact)
    check(b"secret" not in text, "text for a number: nothing of it is told", text)


def large_kconfig(d):
    """1 MiB of entries of the one group that is kept: bounded in time and memory."""
    machine.build(d, "screen_lock", "debian kde")
    os.makedirs(d + "/home/sato/.config")
    with open(d + "/home/sato/.config/kscreenlockerrc", "w") as f:
        f.write("[Daemon]\n" + "".join("k%d=\n" % i for i in range(100000)))
    facts, _, seconds = probe(d)
    check(seconds < 5 and facts["user:1000"]["state"] == "unknown", "100000 keys: unknown, in time", (seconds, facts["user:1000"]))


def changing(d):
    machine.build(d, "screen_lock", "debian gnome profile db-open home-idle(idle=uint32 120)")
    path = d + "/home/sato/.config/dconf/user"
    with open(path, "rb") as f:
        first = f.read()
    second = first.replace(b"\x78\0\0\0\0u", b"\x84\x03\0\0\0u")
    assert first != second
    stop = threading.Event()

    def turn():
        while not stop.is_set():
            for content in (first, second + b"\0" * 4096, b""):
                with open(path, "r+b") as f:
                    f.write(content)
                    f.truncate()

    thread = threading.Thread(target=turn)
    thread.start()
    seen = set()
    try:
        for _ in range(150):
            fact = probe(d)[0]["user:1000"]
            seen.add((fact["state"], fact.get("value")))
    finally:
        stop.set()
        thread.join()
    allowed = {("known", 120), ("known", 900), ("unknown", None)}
    check(seen <= allowed, "a database that changes while it is read", seen)
    print("# seen: %s" % sorted(map(str, seen)))


def main():
    for layers in HOSTILE:
        with tempfile.TemporaryDirectory() as d:
            hostile(layers, d + "/m")
    for one in (text_instead_of_a_value, large_kconfig, changing):
        with tempfile.TemporaryDirectory() as d:
            one(d + "/m")
    print("1..%d" % number)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
