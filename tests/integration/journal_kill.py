#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The journal on the real system calls: killed and failed at each write and sync of a scripted run by strace, killed at random,
on a full tmpfs, under a file size limit, deleted while it runs, short of descriptors. After each: what was answered "ok" is there, once;
both readers find the chain whole or only torn; it goes on. A tenth of the counts; EPAGENT_SOAK=1: all. EPAGENT_SEED repeats a run.
"""
import os
import random
import re
import shutil
import signal
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
SOAK = bool(os.environ.get("EPAGENT_SOAK"))
dice = random.Random(SEED)
BASE = tempfile.mkdtemp(prefix="epagent-kill-")
failed = 0

# Goes through a rotation, a head, groups, a count; ids make each record known.
SCRIPT = ["append start {}"] + ["append permission {\"id\":%d}" % i for i in range(6)] + \
    ["append fact {\"id\":%d,\"fill\":\"%s\"}" % (i, "x" * 2600) for i in range(6, 22)] + \
    ["head", "group 3 verdict {\"group\":1}", "count permission", "append permission {\"id\":22}", "stop"]


def tell(good, what, more=""):
    global failed
    failed += not good
    print("%sok - %s%s" % ("" if good else "not ", what, "" if good else " # " + more), flush=True)


def command(folder, size=524288):
    return [DRIVER, folder, "--size", str(size), "--keep"]


def run(folder, lines, wrap=(), **more):
    text = "".join(line + "\n" for line in lines)
    return subprocess.run([*wrap, *command(folder)], input=text, capture_output=True, text=True, **more)


def promised(lines, answers):
    """The ids that were answered with ok. Answers come one a line, after key and state."""
    said = [a for a in answers if a.startswith(("ok", "refused", "unknown"))]
    return {int(m.group(1)) for line, a in zip(lines, said) if a.startswith("ok") for m in [re.search(r'"id":(\d+)', line)] if m}


def ids(folder):
    check = second.Check(folder)
    found = []
    for i, segment in enumerate(check.chain):
        after = check.chain[i + 1] if i + 1 < len(check.chain) else None
        for _, record in segment.walk(after.first if after and after.abandoned and after.epoch == segment.epoch else None)[1]:
            m = re.search(rb'"id":(\d+)', record.payload)
            found += [int(m.group(1))] if m else []
    return found, check


def look(folder, owed, may_be_absent=False):
    """None, or what is wrong: before the next start, after it, and after it has gone on."""
    if may_be_absent and not os.path.exists(os.path.join(folder, "mark")):
        return None if not owed else "the journal is gone"
    found, check = ids(folder)
    faults = {f for f, _, _ in check.findings} - {"torn"}
    # A new journal whose mark was not written yet: nothing but its epoch can be there.
    if faults == {"mark_wrong"} and not owed and check.records <= 2:
        faults = set()
    if faults:
        return "before the start: %s" % check.findings
    again = run(folder, ["append permission {\"id\":999}", "stop"])
    state = ([line for line in again.stdout.splitlines() if line.startswith("state")] or [again.stdout + again.stderr])[0]
    if owed and "why=-" not in state:
        return "not the same journal: %s" % state
    found, check = ids(folder)
    ours = subprocess.run([DRIVER, "--verify", folder], capture_output=True, text=True)
    if check.findings or ours.returncode:
        return "after the start: %s %s" % (check.findings, ours.stdout)
    missing, twice = owed - set(found), {i for i in found if found.count(i) > 1}
    if missing or twice or 999 not in found:
        return "missing %s, twice %s, went on %s; %s" % (sorted(missing), sorted(twice), 999 in found, state)
    return None


def fresh(n=[0]):
    n[0] += 1
    return os.path.join(BASE, "j%d" % n[0])


def count_calls(call):
    folder, log = fresh(), os.path.join(BASE, "trace")
    run(folder, SCRIPT, ["strace", "-f", "-o", log, "-e", "trace=%s" % call])
    shutil.rmtree(folder)
    return sum(call + "(" in line for line in open(log, encoding="utf-8", errors="replace"))


def at_each_call(what, call, inject):
    """`inject` at each of the calls of a whole life; a journal that exists already, so that the ring is there, in every second run."""
    total, bad, done = count_calls(call), [], 0
    step = 1 if SOAK or total < 10 else 10
    for n in range(1 + SEED % step, total + 1, step):
        folder = fresh()
        if n % 2:
            run(folder, ["append start {}", "stop"])
        got = run(folder, SCRIPT, ["strace", "-f", "-o", "/dev/null", "-e", "trace=none", "-e", "inject=%s:%s:when=%d" % (call, inject, n)])
        owed = promised(SCRIPT, got.stdout.splitlines())
        wrong = look(folder, owed, may_be_absent=True)
        if wrong:
            bad.append("%s %d: %s" % (call, n, wrong))
        else:
            done += 1
            shutil.rmtree(folder, ignore_errors=True)
    tell(not bad and done, "%s at %d of %d calls of %s" % (what, done, total, call), "; ".join(bad[:3]))


def killed_at_random(count):
    bad, lost = [], 0
    folder, owed, next_id = fresh(), set(), 1000
    for i in range(count):
        p = subprocess.Popen(command(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        lines = ["append permission {\"id\":%d,\"fill\":\"%s\"}" % (next_id + k, "y" * dice.randrange(1, 400)) for k in range(300)]
        next_id += 300
        p.stdout.readline()
        p.stdout.readline()
        killer = subprocess.Popen(["sh", "-c", "sleep %.3f; kill -9 %d 2>/dev/null" % (dice.random() * 0.15, p.pid)])
        try:
            out, _ = p.communicate("".join(line + "\n" for line in lines))
        except BrokenPipeError:
            out = p.stdout.read()
        killer.wait()
        p.wait()
        owed |= promised(lines, out.splitlines())
        if i % 10 == 9 or len(owed) > 800 or i == count - 1:
            wrong = look(folder, owed)
            if wrong:
                bad.append("round %d: %s" % (i, wrong))
                break
            lost += len(owed)
            # A new journal now and then, and before it is full on a quick disk: a full one only refuses.
            folder, owed = fresh(), set()
    tell(not bad, "killed at random %d times, %d promises kept" % (count, lost), "; ".join(bad))


def full_disk(what, options, roomy):
    """A tmpfs with too little of something, each of `options`, in a mount namespace of its own; then it is made `roomy`."""
    script = r"""
set -e
mount -t tmpfs -o "$3" none "$1"
cd "$1"
printf '%s\n' 'append permission {"id":1}' 'append permission {"id":2}' 'fill 20 3000' 'count permission' 'append permission {"id":3}' state stop |
	"$2" "$1/j" --size 524288 --keep || true
mount -o "remount,$4" "$1"
printf '%s\n' recover 'append permission {"id":4}' state stop | "$2" "$1/j" --size 524288 --keep
"$2" --verify "$1/j" || true
"""
    bad, runs = [], 0
    for option in options:
        folder = fresh()
        os.mkdir(folder)
        got = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", folder, DRIVER, option, roomy], capture_output=True, text=True)
        if "unshare failed" in got.stderr or "mount:" in got.stderr:
            print("ok - %s # SKIP no mount namespace here: %s" % (what, got.stderr.strip().split("\n")[0]))
            return
        lines = got.stdout.splitlines()
        last = [line for line in lines if line.startswith("state")][-1] if "state" in got.stdout else got.stdout
        runs += 1
        if "ok=1" not in lines[-1] or "health=ok" not in last or not [line for line in lines if line.startswith("ok ")]:
            bad.append("%s: %s %s" % (option, lines[-4:], got.stderr))
    tell(not bad and runs, "%s: %d sizes, refused and recovered" % (what, runs), "; ".join(bad[:2]))


def size_limit():
    """RLIMIT_FSIZE: each size of file that a write can meet."""
    bad, runs = [], 0
    for kib in range(0, 36, 1 if SOAK else 4):
        folder = fresh()
        got = run(folder, SCRIPT, ["sh", "-c", "trap '' XFSZ; ulimit -f %d; exec \"$@\"" % (kib * 2), "sh"])
        wrong = look(folder, promised(SCRIPT, got.stdout.splitlines()), may_be_absent=True)
        runs += 1
        if wrong:
            bad.append("%d KiB: %s" % (kib, wrong))
    tell(not bad, "a limit on the size of files at %d sizes" % runs, "; ".join(bad[:2]))


def few_descriptors():
    bad = []
    for limit in range(3, 9):
        folder = fresh()
        run(folder, ["append permission {\"id\":50}", "stop"])
        got = run(folder, SCRIPT, ["sh", "-c", "ulimit -n %d; exec \"$@\"" % limit, "sh"])
        wrong = look(folder, promised(SCRIPT, got.stdout.splitlines()) | {50})
        if wrong:
            bad.append("%d: %s" % (limit, wrong))
    tell(not bad, "with 3 to 8 descriptors it refuses or works, and nothing is set aside", "; ".join(bad[:2]))


def deleted_while_running(what):
    folder = fresh()
    p = subprocess.Popen(command(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(line):
        p.stdin.write(line + "\n")
        p.stdin.flush()
        answer = p.stdout.readline()
        while answer.startswith(("key", "state health=ok why=absent first=1 last=2 ")):
            answer = p.stdout.readline()
        return answer
    first = say("append permission {\"id\":1}")
    if what == "folder":
        shutil.rmtree(folder)
    else:
        os.unlink(os.path.join(folder, "segment-00"))
    after = say("append permission {\"id\":2}")
    state = say("state")
    p.communicate("stop\n")
    found, check = ids(folder)
    hole = {f for f, _, _ in check.findings} == {"gap"}
    good = first.startswith("ok") and after.startswith("ok") and "why=deleted" in state and 2 in found and hole
    again = run(folder, ["append permission {\"id\":3}", "stop"]).stdout
    good = good and "why=-" in again and set(ids(folder)[0]) >= {2, 3}
    tell(good, "its %s deleted while it runs: a new epoch that names the hole" % what, "%s %s %s %s" % (first, after, state, check.findings))


def read_only():
    folder = fresh()
    run(folder, ["append permission {\"id\":1}", "stop"])
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    got = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", folder, *command(folder)], input="".join(l + "\n" for l in SCRIPT),
                         capture_output=True, text=True)
    if "unshare" in got.stderr or "mount:" in got.stderr:
        print("ok - a read-only file system # SKIP no mount namespace here")
        return
    good = not promised(SCRIPT, got.stdout.splitlines()) and "refused" in got.stdout and "stopped" in got.stdout
    wrong = look(folder, {1})
    tell(good and not wrong, "a read-only file system: everything refused, counted in memory, nothing lost", "%s %s" % (wrong, got.stdout[-300:]))


def ring_restarts():
    """Wraps without a centre, with a start at every point of the ring."""
    folder, wrong, last = fresh(), None, 0
    for i in range(60 if SOAK else 25):
        got = subprocess.run([DRIVER, folder, "--size", "524288"], capture_output=True, text=True,
                             input="append start {}\nfill %d %d\nhead\nreplay\n%s" % (dice.randrange(1, 40), dice.randrange(100, 3000), dice.choice(["stop\n", ""])))
        check = second.Check(folder)
        ours = subprocess.run([DRIVER, "--verify", folder], capture_output=True, text=True)
        number = check.last[1]
        if not check.ok or ours.returncode or number <= last or (i and "why=-" not in got.stdout) or "refused" in got.stdout:
            wrong = "start %d: %s %s" % (i, check.findings, ours.stdout)
            break
        last = number
    tell(not wrong and check.chain[0].sequence > 1, "the ring goes round with a start at every point, %d records" % last, str(wrong))


def two_at_once():
    folder = fresh()
    p = subprocess.Popen(command(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    p.stdout.readline()
    p.stdout.readline()
    other = run(folder, ["append permission {\"id\":1}", "stop"])
    p.communicate("append permission {\"id\":2}\nstop\n")
    tell(other.returncode == 3 and "another process" in other.stdout and look(folder, {2}) is None, "a second process is refused", other.stdout)


def main():
    print("# seed %d%s" % (SEED, ", full counts" if SOAK else ", a tenth"))
    try:
        if shutil.which("strace"):
            for call in ("pwrite64", "fdatasync"):
                at_each_call("killed", call, "signal=KILL")
                at_each_call("EIO", call, "error=EIO")
                at_each_call("ENOSPC", call, "error=ENOSPC")
            for call in ("fsync", "renameat2"):
                at_each_call("killed", call, "signal=KILL")
                at_each_call("EIO", call, "error=EIO")
        else:
            print("ok - kill and fail each call # SKIP strace is not here")
        killed_at_random(500 if SOAK else 50)
        full_disk("a full file system", ["size=%dk" % kib for kib in range(4, 620, 8 if SOAK else 64)], "size=4m")
        full_disk("no inodes left", ["size=4m,nr_inodes=%d" % n for n in range(2, 26, 1 if SOAK else 3)], "nr_inodes=500")
        size_limit()
        few_descriptors()
        deleted_while_running("folder")
        deleted_while_running("file")
        read_only()
        ring_restarts()
        two_at_once()
    finally:
        if failed:
            print("# kept: %s" % BASE)
        else:
            shutil.rmtree(BASE, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(main())
