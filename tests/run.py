#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs test suites that print TAP, two at a time, and adds them up.

    tests/run.py check|test [SUITE ...]

tests/suites lists them, one a line: name | when (check: every commit; test: all) | seconds it may take | command.
Output of a suite is shown if it fails; the last line is "N passed, N failed, N skipped".
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def suites(when, only):
    with open(os.path.join(TOP, "tests/suites"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, level, seconds, command = [x.strip() for x in line.split("|", 3)]
                if (only and name in only) or (not only and (when == "test" or level == "check")):
                    yield name, int(seconds), command


def end(p):
    """The suite's whole process group ends, politely first: a guest is stopped by who started it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(p.pid, number)
            return p.communicate(timeout=10)[0]
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            break
    return p.communicate()[0]


def run(command, seconds):
    """(exit status or None for too long, output)."""
    p = subprocess.Popen(["bash", "-c", command], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                         start_new_session=True)
    try:
        out, status = p.communicate(timeout=seconds)[0], p.returncode
    except subprocess.TimeoutExpired:
        out, status = end(p), None
    return status, out.decode(errors="replace")


def count(text):
    passed = failed = 0
    skips = []
    for line in text.splitlines():
        match = re.match(r"\s*(not )?ok\b[ 0-9]*(?:- )?([^#]*)(?:#\s*(SKIP|skip)\S*\s*(.*))?", line)
        if match and match.group(3):
            skips.append("%s: %s" % (match.group(2).strip(), match.group(4)))
        elif match:
            passed, failed = passed + (not match.group(1)), failed + bool(match.group(1))
    return passed, failed, skips


def show(name, seconds, result):
    """Prints how a suite ended and gives its three numbers."""
    status, text, took = result
    passed, failed, skips = count(text)
    if status != 0 and not failed:
        failed = 1
    if passed + failed + len(skips) == 0:
        failed = 1  # a suite that tests nothing is no success
    if failed:
        print(text, end="" if text.endswith("\n") else "\n")
    for line in text.splitlines():
        if line.startswith("# report:"):
            print("  " + line[2:])
    for skip in skips:
        print("  skipped %s" % skip)
    why = "" if status == 0 else " (took longer than %d s)" % seconds if status is None else " (exit %d)" % status
    print("%-24s %5d passed %3d failed %3d skipped %6.1f s%s" % (name, passed, failed, len(skips), took, why), flush=True)
    return passed, failed, len(skips)


def timed(command, seconds):
    start = time.monotonic()
    return run(command, seconds) + (time.monotonic() - start,)


def main():
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # the tree stays as it was
    total = [0, 0, 0]
    chosen = sorted(suites(sys.argv[1], set(sys.argv[2:])), key=lambda s: -s[1])  # the longest first: no core waits for it at the end
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        running = {pool.submit(timed, command, seconds): (name, seconds) for name, seconds, command in chosen}
        for done in concurrent.futures.as_completed(running):
            total = [a + b for a, b in zip(total, show(*running[done], done.result()))]
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
