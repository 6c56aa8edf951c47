#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills setting and withdrawing (platform/linux/own.c) at every system call that could change or sync a file, one run a kill, and each time
asks: does withdrawing afterwards give the tree that was there before, byte for byte, with owners, modes and times? TAP."""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(TOP, "build/linux/test/test_own")
CALLS = "write,fchown,fchmod,utimensat,fsync,renameat,unlinkat,mkdirat,exit_group"
PATH = "/etc/chromium/policies/managed/90-epagent.json"
# name | commands before (not killed) | the one that is killed; every scenario without and with a file that was there
SCENARIOS = [("setting", [], ["set", "ours"]), ("setting anew", [["set", "older"]], ["set", "ours"]), ("withdrawing", [["set", "ours"]], ["withdraw"])]


def picture(root):
    """Every name with what stat and reading say; not when it was read, for that is what looking does."""
    rows = []
    for folder, folders, files in os.walk(root):
        for name in ["."] + folders + files:
            path = os.path.join(folder, name)
            at = os.lstat(path)
            content = b""
            if name in files:
                fd = os.open(path, os.O_RDONLY | os.O_NOATIME)
                content = os.read(fd, 1 << 20) + b" read %d" % at.st_atime_ns
                os.close(fd)
            rows.append((path, at.st_mode, at.st_uid, at.st_gid, at.st_size if name in files else 0, at.st_mtime_ns, content))
    return sorted(set(rows))


def make(top, with_file):
    root = os.path.join(top, "root")
    os.makedirs(root + "/etc", mode=0o755)
    os.mkdir(os.path.join(top, "state"), 0o700)
    if with_file:
        os.makedirs(root + os.path.dirname(PATH), mode=0o755)
        with open(root + PATH, "w") as f:
            f.write("theirs")
        os.chmod(root + PATH, 0o640)
    for folder, folders, files in os.walk(root, topdown=False):
        for name in folders + files:
            os.utime(os.path.join(folder, name), ns=(1500000000123456789, 1600000000987654321))
    return root


def command(top, words):
    return [TOOL, words[0], top + "/root", top + "/state", PATH] + words[1:]


def strace(options, words):
    return subprocess.run(["strace", "-qq"] + options + words, capture_output=True, text=True)


def counts(top, words):
    """How often each call happens in an undisturbed run."""
    log = os.path.join(top, "trace")
    strace(["-o", log, "-e", "trace=" + CALLS], command(top, words))
    with open(log) as f:
        return collections.Counter(re.match(r"\w+", line).group(0) for line in f)


def one(top, with_file, before, killed, call, number, then):
    """None, or what is wrong."""
    root = make(top, with_file)
    was = picture(root)
    for words in before:
        subprocess.run(command(top, words), check=True)
    result = strace(["-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=%s:signal=SIGKILL:when=%d" % (call, number)], command(top, killed))
    if result.returncode != -9 and result.returncode != 137:
        return "it was not killed (%d %s)" % (result.returncode, result.stderr)
    for words in then:
        done = subprocess.run(command(top, words), capture_output=True, text=True)
        if done.returncode != 0:
            return "%s afterwards: %s" % (words[0], done.stderr.strip())
    now = picture(root)
    left = os.listdir(top + "/state/own") if os.path.isdir(top + "/state/own") else []
    left = [name for name in left if not name.startswith(".")]
    return None if now == was and not left else "the tree differs: %s %s" % (sorted(set(now) ^ set(was))[:3], left)


def fresh(top):
    shutil.rmtree(top, ignore_errors=True)
    os.mkdir(top)


def scenario(tmp, title, with_file, before, killed):
    top = os.path.join(tmp, "m")
    fresh(top)
    make(top, with_file)
    for words in before:
        subprocess.run(command(top, words), check=True)
    kills, wrong = 0, []
    for call, times in sorted(counts(top, killed).items()):
        for number in range(1, times + 1):
            # What core would do next: take it away, or try again.
            then = ([["withdraw"]], [["set", "ours"], ["withdraw"]])[kills % 2]
            fresh(top)
            why = one(top, with_file, before, killed, call, number, then)
            kills += 1
            if why:
                wrong.append("%s %d then %s: %s" % (call, number, then[0][0], why))
    return kills, wrong


def main():
    probe = strace(["-e", "trace=exit_group", "-e", "inject=exit_group:signal=SIGKILL"], ["true"]) if shutil.which("strace") else None
    if not probe or probe.returncode not in (-9, 137):
        print("1..0 # SKIP strace cannot trace here\nok 1 - kills # SKIP strace cannot trace here")
        return 0
    number, bad = 0, 0
    with tempfile.TemporaryDirectory() as tmp:
        for with_file in (False, True):
            for title, before, killed in SCENARIOS:
                kills, wrong = scenario(tmp, title, with_file, before, killed)
                number += 1
                bad += bool(wrong)
                print("%sok %d - %s, %s: %d kills%s" % ("not " if wrong else "", number, title, "over a file" if with_file else "where no file was", kills,
                                                        ": " + "; ".join(wrong[:4]) if wrong else ""), flush=True)
    print("1..%d" % number)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
