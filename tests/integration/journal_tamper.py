#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A journal at rest is edited, cut, gapped, torn, swapped, replayed and flipped, and two readers look: `journal_driver --verify` (ours) and
journal_verify.py (written from docs/protocol.md). Every change is found, or is exactly of the kind that the document says nobody can
find; and both readers say the same. 100 changes; EPAGENT_SOAK=1: 1,000 of them. EPAGENT_SEED repeats a run.
"""
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/integration"))
sys.dont_write_bytecode = True
import journal_verify as second  # noqa: E402

DRIVER = os.environ.get("EPAGENT_DRIVER", os.path.join(TOP, "build/linux/test/journal_driver"))
SEED = int(os.environ.get("EPAGENT_SEED", time.time()))
COUNT = 1000 if os.environ.get("EPAGENT_SOAK") else 100
dice = random.Random(SEED)


def drive(folder, *lines, options=()):
    run = subprocess.run([DRIVER, folder, "--size", "524288", *options], input="\n".join(lines) + "\n", capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def make(base):
    """A ring that has gone round, two starts, heads, an acknowledgement in the middle, and a crash at the end (no stop)."""
    folder = os.path.join(base, "journal")
    out = drive(folder, *(["append start {}"] + ["fill 40 700", "head"] * 14 + ["stop"]))
    last = int([line for line in out if line.startswith("ok ")][-1].split()[2])
    out += drive(folder, "append start {}", "ack %d" % (last - 60), "group 5 fact {\"a\":1}", "fill 30 900", "head", "fill 7 300",
                 "group 4 permission {\"b\":2}")
    key = [line.split()[1] for line in out if line.startswith("key ")][-1]
    return folder, key


def ours(folder, key):
    run = subprocess.run([DRIVER, "--verify", folder, key], capture_output=True, text=True)
    lines = run.stdout.splitlines()
    assert lines and lines[-1].startswith("ok="), run.stderr + run.stdout
    return {line.split()[0] for line in lines[:-1]}, lines[-1], lines


def theirs(folder, key):
    check = second.Check(folder, bytes.fromhex(key))
    return {fault for fault, _, _ in check.findings}, check


class Files:
    """The chain as positions, by the second reader."""

    def __init__(self, folder, key):
        self.folder = folder
        check = second.Check(folder, bytes.fromhex(key))
        self.segments = check.chain
        self.mark = check.mark
        self.records = [(s, at, record) for s in check.chain for at, record in s.walk(None)[1]]
        self.ends = {s.name: s.walk(None)[2] for s in check.chain}

    def path(self, segment):
        return os.path.join(self.folder, segment.name)


def patch(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def restamp(segment, at, stop, change):
    """From the record at `at` to the segment's end: changed by `change` and chained anew, as root without the key can."""
    data = bytearray(segment.data)
    prev = None
    while at < stop:
        size, = struct.unpack_from("<I", data, at + 4)
        if prev is None:
            change(data, at, size)
        else:
            data[at + 64:at + 96] = prev
        prev = second.sha(second.tag("epagent record 1"), bytes(data[at:at + size - 32]))
        data[at + size - 32:at + size] = prev
        at += size
    return bytes(data)


# Each gives what the document promises: "found", or "tail" (only what no local reader can know).

def flip_a_bit(f):
    segment = dice.choice(f.segments)
    at = dice.randrange(0, f.ends[segment.name])
    data = bytearray(segment.data)
    data[at] ^= 1 << dice.randrange(8)
    patch(f.path(segment), at, bytes(data[at:at + 1]))
    # Inside the last append nothing later proves it: torn, or found if the mark knows it.
    last = f.records[-4][1]
    return "torn" if segment is f.segments[-1] and at >= last else "found"


def edit_a_record(f):
    segment, at, record = dice.choice(f.records[:-4])
    patch(f.path(segment), at + 96 + dice.randrange(max(1, len(record.payload))), bytes([dice.randrange(256) | 1]) + b"~")
    return "found"


def edit_and_restamp(f):
    """Root edits an event and chains the rest of the newest segment anew; heads stand in the way."""
    segment = f.segments[-1]
    heads = [at for s, at, r in f.records if s is segment and r.kind == second.HEAD]
    inside = [(at, r) for s, at, r in f.records if s is segment and r.kind not in (second.EPOCH, second.SEGMENT, second.HEAD)]
    at, record = dice.choice(inside)

    def change(data, where, size):
        data[where + 97] ^= 1

    with open(f.path(segment), "wb") as out:
        out.write(restamp(segment, at, f.ends[segment.name], change))
    return "found" if any(h > at for h in heads) or record.number <= f.mark.last[1] else "tail"


def swap_two_records(f):
    i = dice.randrange(len(f.records) - 6)
    (s, a, ra), (t, b, rb) = f.records[i], f.records[i + 1]
    if s is not t:
        return None
    patch(f.path(s), a, s.data[b:b + rb.size] + s.data[a:a + ra.size])
    return "found"


def take_one_record_out(f):
    segment, at, record = dice.choice(f.records[:-1])
    end = f.ends[segment.name]
    patch(f.path(segment), at, segment.data[at + record.size:end] + bytes(record.size))
    return "found"


def cut_the_tail(f):
    """Zeros over the last records, cleanly: nothing is left to see, unless the mark or a later segment knows them."""
    segment = dice.choice(f.segments[-3:])
    inside = [(at, r) for s, at, r in f.records if s is segment and r.kind not in (second.EPOCH, second.SEGMENT)]
    at, record = dice.choice(inside)
    patch(f.path(segment), at, bytes(f.ends[segment.name] - at))
    return "found" if segment is not f.segments[-1] or record.number <= f.mark.last[1] else "tail"


def tear_the_tail(f):
    """As a crash would: a part of the last append."""
    segment, at, record = f.records[-1]
    start = at + dice.randrange(1, record.size)
    patch(f.path(segment), start, bytes(at + record.size - start))
    return "torn"


def remove_a_segment(f):
    os.unlink(f.path(dice.choice(f.segments[:-1])))
    return "found"


def remove_the_newest(f):
    os.unlink(f.path(f.segments[-1]))
    return "found" if f.segments[-1].first <= f.mark.last[1] else "tail"


def blank_a_segment(f):
    patch(f.path(dice.choice(f.segments[:-1])), 0, bytes(128))
    return "found"


def swap_two_segments(f):
    """Only names: the chain does not care which file holds which segment, and that is no change of what is recorded."""
    a, b = dice.sample(f.segments, 2)
    os.rename(f.path(a), f.path(a) + ".x")
    os.rename(f.path(b), f.path(a))
    os.rename(f.path(a) + ".x", f.path(b))
    return "same"


def replay_an_old_segment(f):
    a, b = dice.sample(f.segments, 2)
    shutil.copy(f.path(a), f.path(b))
    return "found"


def replay_from_before(f):
    """A segment from the ring's last lap over one of this lap."""
    shutil.copy(os.path.join(OLD, dice.choice(sorted(n for n in os.listdir(OLD) if n.startswith("segment-")))), f.path(dice.choice(f.segments[:-1])))
    return "found"


def change_the_mark(f):
    # One slot is what a crash can tear: the other counts. Both: found.
    path = os.path.join(f.folder, "mark")
    for at in (0, 4096):
        patch(path, at + dice.randrange(8, 200), b"\xa5\x5a\xa5")
    return "found"


def insert_a_record(f):
    segment, at, record = dice.choice([r for r in f.records[:-4] if r[0] is f.segments[-1]])
    end = f.ends[segment.name]
    if end + record.size > len(segment.data):
        return None
    patch(f.path(segment), at, segment.data[at:at + record.size] + segment.data[at:end])
    return "found"


def write_behind_the_end(f):
    segment = f.segments[-1]
    patch(f.path(segment), f.ends[segment.name] + dice.randrange(0, 64), bytes(dice.randrange(1, 256) for _ in range(40)))
    return "torn"


def shorten_a_file(f):
    segment = dice.choice(f.segments)
    os.truncate(f.path(segment), dice.randrange(200, len(segment.data)))
    return "found"


CHANGES = [flip_a_bit, edit_a_record, edit_and_restamp, swap_two_records, take_one_record_out, cut_the_tail, tear_the_tail, remove_a_segment,
           remove_the_newest, blank_a_segment, swap_two_segments, replay_an_old_segment, replay_from_before, change_the_mark, insert_a_record,
           write_behind_the_end, shorten_a_file]


def judge(expected, faults, ok):
    if expected == "found":
        return not ok
    if expected == "torn":
        return not ok or faults == {"torn"}
    return ok and not faults  # tail, same


def restart(folder, key, ok, base):
    """What the next start makes of it: never lost silently. A fault in what is not acknowledged: set aside and a new epoch."""
    before = set(os.listdir(folder))
    state = [line for line in drive(folder, "append start {}", "stop", options=("--keep",)) if line.startswith("state")][0]
    why = re.search(r"why=(\S+)", state).group(1)
    faults, _, lines = ours(folder, key)
    if why == "unreadable":
        kept = [n for n in os.listdir(folder) if n.startswith("aside-")]
        return bool(kept) and "gap" in faults, (state, lines)
    return (not faults - {"torn"}) or not ok, (state, lines)


def main():
    global OLD
    base = tempfile.mkdtemp(prefix="epagent-tamper-")
    good, bad = {}, 0
    print("# seed %d, %d changes" % (SEED, COUNT))
    try:
        folder, key = make(base)
        OLD = os.path.join(base, "old")
        shutil.copytree(folder, OLD)
        drive(folder, *(["append start {}"] + ["fill 40 700", "head"] * 15))
        last = int([line for line in drive(folder, "state", "append start {}", "stop") if line.startswith("ok ")][-1].split()[2])
        drive(folder, "ack %d" % (last - 30), "group 5 fact {\"a\":1}", "fill 9 900", "head", "fill 7 300", "group 4 permission {\"b\":2}")
        faults, summary, _ = ours(folder, key)
        check = second.Check(folder, bytes.fromhex(key))
        same = not faults and check.ok
        print("%sok - both readers find the untouched journal whole (%s)" % ("" if same else "not ", summary))
        bad += not same
        for i in range(COUNT):
            change = CHANGES[i % len(CHANGES)]
            copy = os.path.join(base, "copy")
            shutil.copytree(folder, copy)
            shutil.copy(folder + ".key", copy + ".key")
            expected = change(Files(copy, key))
            if expected is None:
                shutil.rmtree(copy)
                continue
            faults, summary, lines = ours(copy, key)
            other, check = theirs(copy, key)
            ok = summary.startswith("ok=1")
            numbers = "ok=%d records=%d segments=%d" % (check.ok, check.records, len(check.chain))
            told = judge(expected, faults, ok)
            agree = faults == other and summary.startswith(numbers + " ")
            started, story = restart(copy, key, ok, base) if i % 4 == 0 else (True, None)
            if not (told and agree and started):
                bad += 1
                print("not ok - %s, expected %s%s%s%s" % (change.__name__, expected, "" if told else ": not as documented",
                                                         "" if agree else ": the readers differ", "" if started else ": restart"))
                print("#", other, numbers, story or "")
                for line in lines:
                    print("#   " + line)
            good[change.__name__] = good.get(change.__name__, 0) + 1
            shutil.rmtree(copy)
            os.unlink(copy + ".key")
    finally:
        shutil.rmtree(base)
    for name, count in sorted(good.items()):
        print("ok - %s, %d times" % (name.replace("_", " "), count))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
