#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of the journal, written from docs/protocol.md alone: it shares no line with the writer.

    journal_verify.py FOLDER [KEY-HEX] [ACK-EPOCH ACK-NUMBER ACK-HASH]

Prints findings and a summary in the form of `journal_driver --verify`; exit status 0 without a fault, 1 with one.
"""
import functools
import hashlib
import json
import os
import re
import struct
import sys

OVERHEAD = 128
SNAPSHOT, EPOCH, SEGMENT, HEAD = 3, 1, 2, 6
ZERO = bytes(32)

# NIST P-256, FIPS 186-4 D.1.2.3.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def tag(text):
    return text.encode().ljust(16, b"\0")


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def point_add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def point_times(k, p):
    out = None
    while k:
        if k & 1:
            out = point_add(out, p)
        p = point_add(p, p)
        k >>= 1
    return out


def der_integers(der):
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2:
        raise ValueError
    out, at = [], 2
    for _ in range(2):
        if der[at] != 2:
            raise ValueError
        size = der[at + 1]
        out.append(int.from_bytes(der[at + 2:at + 2 + size], "big"))
        at += 2 + size
    if at != len(der):
        raise ValueError
    return out


@functools.lru_cache(None)
def signature_is_good(key, message, der):
    try:
        r, s = der_integers(der)
    except (ValueError, IndexError):
        return False
    q = (int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big"))
    if key[0] != 4 or (q[1] * q[1] - q[0] ** 3 + 3 * q[0] - B) % P or not (0 < r < N and 0 < s < N):
        return False
    e, w = int.from_bytes(sha(message), "big"), pow(s, -1, N)
    x = point_add(point_times(e * w % N, G), point_times(r * w % N, q))
    return x is not None and x[0] % N == r


class Record:
    def __init__(self, raw):
        (self.kind, self.clock, zero, self.group, self.epoch, self.number, self.at_ms, self.boot_ms) = struct.unpack_from("<HBBIQQqQ", raw, 8)
        self.prev, self.payload, self.hash, self.size = raw[64:96], raw[96:-32], raw[-32:], len(raw)
        self.name = (self.epoch, self.number, self.hash)


def record_at(data, at):
    """The record that begins there, or None."""
    if at + OVERHEAD > len(data) or data[at:at + 4] != b"EPR1":
        return None
    size, kind = struct.unpack_from("<IH", data, at + 4)
    most = 2 << 20 if kind == SNAPSHOT else 1 << 16
    if size < OVERHEAD or size - OVERHEAD > most or at + size > len(data) or data[at + 10] > 3 or data[at + 11]:
        return None
    raw = data[at:at + size]
    return Record(raw) if sha(tag("epagent record 1"), raw[:-32]) == raw[-32:] else None


class Segment:
    def __init__(self, name, data):
        self.name, self.data = name, data
        self.blank = len(data) < 128 or data[:128] == bytes(128)
        self.good = not self.blank and data[:8] == b"EPSEG1\0\0" and sha(tag("epagent segment1"), data[:96]) == data[96:128]
        if self.good:
            self.size, flag, self.sequence, self.epoch, self.first, self.before, self.after = struct.unpack_from("<IIQQQQQ", data, 8)
            self.abandoned, self.prev, self.hash = flag == 1, data[64:96], data[96:128]
            self.good = self.size == len(data) and flag < 2 and self.epoch != 0 and self.first > 0 and self.after < self.sequence

    def opening_fits(self, index, record, snapshot):
        order = [SNAPSHOT] + ([EPOCH] if self.first == 1 else []) + [SEGMENT]
        if index >= len(order):
            return record.kind not in (SNAPSHOT, EPOCH, SEGMENT)
        if record.kind != order[index]:
            return False
        if record.kind != SEGMENT:
            return True
        try:
            says = json.loads(record.payload)
        except ValueError:
            return False
        return says == {"sequence": self.sequence, "after": self.after, "abandoned": self.abandoned, "header": self.hash.hex(),
                        "snapshot": snapshot.hex()}

    def walk(self, until):
        """(state, records, end); state is whole, torn, unopened or edited."""
        at, last, index, snapshot, records = 128, (self.epoch, self.first - 1, self.prev), 0, ZERO, []
        opened = 2 + (self.first == 1)
        while until is None or last[1] + 1 < until or index == 0:
            record = record_at(self.data, at)
            number = last[1] if record and record.kind == SNAPSHOT else last[1] + 1
            if not record or (record.epoch, record.number, record.prev) != (last[0], number, last[2]) or \
                    not self.opening_fits(index, record, snapshot):
                return self.rest(at, last[1] + 1, index >= opened), records, at
            if record.kind == SNAPSHOT:
                snapshot = record.hash
            else:
                last = record.name
                records.append((at, record))
            at, index = at + record.size, index + 1
        return "whole" if index >= opened else "unopened", records, at

    def rest(self, end, missing, opened):
        for match in re.finditer(b"EPR1", self.data[end:]):
            at = end + match.start()
            record = record_at(self.data, at)
            if record and (at == end or record.epoch != self.epoch or record.number < missing or record.number - record.group > missing):
                return "edited"
        if not opened:
            return "unopened"
        return "torn" if self.data[end:].strip(b"\0") else "whole"


def read_cell(path):
    best = (0, b"")
    try:
        data = open(path, "rb").read()
    except OSError:
        return best
    for at in (0, 4096) if len(data) == 8192 else ():
        slot = data[at:at + 4096]
        generation, size = struct.unpack_from("<QI", slot, 8)
        if slot[:8] == b"EPCELL1\0" and sha(tag("epagent cell   1"), slot[:-32]) == slot[-32:] and size <= 4040 and generation > best[0]:
            best = (generation, slot[24:24 + size])
    return best


def name_from(data, at):
    return struct.unpack_from("<QQ", data, at) + (data[at + 16:at + 48],)


class Mark:
    def __init__(self, payload):
        self.known = len(payload) == 184 and payload[:4] == b"\1\0\0\0"
        payload = payload if self.known else bytes(184)
        self.clean = payload[4:8] == b"\1\0\0\0"
        self.oldest, = struct.unpack_from("<Q", payload, 16)
        self.acknowledged, self.head, self.last = name_from(payload, 24), name_from(payload, 80), name_from(payload, 128)


def json_name(value):
    try:
        return int(value["epoch"], 16), value["number"], bytes.fromhex(value["hash"])
    except (TypeError, KeyError, ValueError):
        return None


class Check:
    def __init__(self, folder, key=None, acknowledged=None):
        self.findings, self.records, self.recent, self.names = [], 0, [], {}
        self.key, self.head, self.acknowledged_head, self.alone_from = key, None, None, 0
        self.mark = Mark(read_cell(os.path.join(folder, "mark"))[1])
        if not self.mark.known:
            self.find("mark_wrong", "mark", "missing or damaged")
        self.acknowledged = acknowledged or self.mark.acknowledged
        self.mentioned, self.passed, self.found = set(), False, False
        self.segments = []
        for name in sorted(os.listdir(folder)):
            if name.startswith(("segment-", "abandoned-")):
                segment = Segment(name, open(os.path.join(folder, name), "rb").read())
                if segment.good:
                    self.segments.append(segment)
                elif not segment.blank:
                    self.find("unreadable", name, "no segment")
        self.chain = self.build()
        self.first = self.last = None
        self.walk()
        self.strangers()
        self.anchors()

    def find(self, fault, where, text):
        self.findings.append((fault, where, text))

    def build(self):
        by = {}
        for segment in self.segments:
            if segment.sequence in by:
                self.find("doubled", segment.name, "the sequence of %s" % by[segment.sequence].name)
            else:
                by[segment.sequence] = segment
        self.by = by
        todo, chain = sorted(by, reverse=True), []
        if todo and by[todo[0]].walk(None)[0] == "unopened":
            self.find("torn", by[todo[0]].name, "begun and unfinished")
            self.unopened = todo.pop(0)
        at = todo[0] if todo else None
        while at is not None:
            chain.append(by[at])
            after = by[at].after
            if after == 0 or (self.mark.known and after < self.mark.oldest):
                break
            lower = [s for s in todo if s < after and (not self.mark.known or s >= self.mark.oldest)]
            if after not in by and (self.mark.known or [s for s in todo if s < after]):
                self.find("gap", by[at].name, "segment %d is missing" % after)
            at = after if after in by else max(lower, default=None)
        return chain[::-1]

    def strangers(self):
        for segment in self.by.values():
            if segment in self.chain or segment.sequence == getattr(self, "unopened", None) or segment.name.startswith("abandoned-"):
                continue
            void = any(s.after < segment.sequence < s.sequence for s in self.chain[1:])
            if not void and not (self.chain and segment.sequence == self.chain[0].after):
                self.find("doubled", segment.name, "no place in the chain")

    def link(self, i, before, broken):
        segment = self.chain[i]
        if i and segment.epoch == before[0] and not broken:
            if segment.first > before[1] + 1:
                self.find("gap", segment.name, "records %d to %d are missing" % (before[1] + 1, segment.first - 1))
            elif segment.first <= before[1]:
                self.find("doubled", segment.name, "numbers from %d on" % segment.first)
            elif segment.prev != before[2] or segment.before != self.chain[i - 1].before:
                self.find("edited", segment.name, "does not follow")
        elif i and segment.epoch != before[0] and segment.first != 1:
            self.find("gap", segment.name, "an epoch without its beginning")

    def walk(self):
        before, broken = (0, 0, ZERO), False
        for i, segment in enumerate(self.chain):
            after = self.chain[i + 1] if i + 1 < len(self.chain) else None
            self.link(i, before, broken)
            if segment.first > 1 and (i == 0 or segment.epoch != before[0] or broken):
                before = (segment.epoch, segment.first - 1, segment.prev)
                self.recent.append(before)
            ends = after and after.abandoned and after.epoch == segment.epoch
            state, records, end = segment.walk(after.first if ends else None)
            for at, record in records:
                self.see(segment, record, before, broken)
                before = record.name
                self.recent.append(before)
                self.names[before[:2]] = before[2]
            broken = state != "whole"
            if state == "torn" and not after:
                self.find("torn", segment.name, "at %d" % end)
            elif broken:
                self.find("edited", segment.name, "at %d" % end)
            self.last = before

    def see(self, segment, record, before, broken):
        self.records += 1
        self.first = self.first or record.name
        if record.kind == EPOCH:
            try:
                says = json.loads(record.payload)
            except ValueError:
                says = None
            if not isinstance(says, dict):
                self.find("edited", segment.name, "epoch")
                return
            last = json_name(says.get("last"))
            self.mentioned |= {n[0] for n in (last, json_name(says.get("acknowledged"))) if n}
            if last and not broken and last != before:
                self.find("gap", segment.name, "before this epoch %d was known" % last[1])
        if record.kind == HEAD:
            self.see_head(segment, record)
        if record.name[:2] == self.acknowledged[:2]:
            self.passed = True
            self.found = record.hash == self.acknowledged[2]
            if not self.found:
                self.find("ack_wrong", segment.name, "%d" % record.number)
        for known in (self.mark.head, self.mark.last):
            if record.name[:2] == known[:2] and record.hash != known[2]:
                self.find("edited", segment.name, "the mark knows %d otherwise" % record.number)

    def see_head(self, segment, record):
        try:
            says = json.loads(record.payload)
            at, key, der = json_name(says), bytes.fromhex(says["key"]), bytes.fromhex(says["signature"])
            good = at in self.recent[-4:] and says["count"] == segment.before + at[1]
        except (ValueError, TypeError, KeyError):
            self.find("head_wrong", segment.name, "unreadable")
            return
        self.key = self.key or key
        message = tag("epagent head 1") + struct.pack("<QQ", at[0], at[1]) + at[2] + struct.pack("<Q", says["count"])
        if not good or key != self.key or not signature_is_good(key, message, der):
            self.find("head_wrong", segment.name, "%d" % record.number)
            return
        self.head = at
        if self.acknowledged[0] and not self.passed:
            self.acknowledged_head, self.alone_from = at, self.records - (record.number - at[1])

    def anchors(self):
        epochs = {s.epoch for s in self.chain}
        for name, what in ((self.acknowledged, "acknowledgement"), (self.mark.head, "head"), (self.mark.last, "mark")):
            if not name[0] or name[:2] in self.names:
                continue
            if name[0] not in epochs:
                if name[0] not in self.mentioned:
                    self.find("cut", "-", "%s: nothing of its epoch" % what)
            elif name[0] == self.last[0] and name[1] > self.last[1]:
                self.find("cut", "-", "%s knows %d" % (what, name[1]))
            elif what == "acknowledgement" and name[1] + 1 < min(s.first for s in self.chain if s.epoch == name[0]):
                self.find("gap", "-", "unacknowledged records are gone")
        if self.mark.clean and self.mark.last != self.last:
            self.find("edited", "mark", "was closed in order, has changed")
        self.ok = all(fault == "torn" for fault, _, _ in self.findings)


def main():
    arguments = sys.argv[2:]
    key = bytes.fromhex(arguments[0]) if arguments else None
    acknowledged = (int(arguments[1], 16), int(arguments[2]), bytes.fromhex(arguments[3])) if len(arguments) > 3 else None
    check = Check(sys.argv[1], key, acknowledged)
    for fault, where, text in check.findings:
        print("%s %s: %s" % (fault, where, text))
    number = lambda name: name[1] if name else 0
    print("ok=%d records=%d segments=%d first=%d last=%d head=%d acknowledged=%d found=%d acknowledged_head=%d alone=%d" %
          (check.ok, check.records, len(check.chain), number(check.first), number(check.last), number(check.head), check.acknowledged[1],
           check.found, number(check.acknowledged_head), check.records - check.alone_from))
    return 0 if check.ok else 1


if __name__ == "__main__":
    sys.exit(main())
