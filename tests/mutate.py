#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mutation test of readers and judge: inverts each comparison, drops each return that is not a function's last, and prints the mutants that
no test noticed.

    tests/mutate.py [--jobs N] [--sample N] [--most PERCENT] [FILE.c ...]      default: all readers and the judge

A mutant is noticed if it does not build (such are not counted), or a unit test that includes its header fails, or a fixture machine
of a control that uses it gets another verdict, or a judge case does. Works on copies of the tree under build/mutate.
"""
import argparse
import concurrent.futures
import glob
import os
import random
import re
import shutil
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SWAP = {"==": "!=", "!=": "==", "<=": ">", ">=": "<", "<": ">=", ">": "<="}
MAKE = ["make", "-s", "BUILD=build/m", "WARN=-w", "SAN=-O0"]


def targets():
    return sorted(glob.glob("platform/linux/read/*.c") + glob.glob("policy/judge*.c"))


def blank(text):
    """The text with comments, strings, characters and preprocessor lines made spaces, so that positions stay."""
    keep = lambda m: re.sub(r"[^\n]", " ", m.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:[^\n\\]|\\\n|\\.)*', keep, text, flags=re.S | re.M)


def mutants(path):
    """(line, what, changed text)"""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    bare = blank(text)
    for m in re.finditer(r"(?<![-<>=!&|+*/%^])(==|!=|<=|>=|<|>)(?![=<>])", bare):
        yield bare.count("\n", 0, m.start()) + 1, "%s -> %s" % (m.group(1), SWAP[m.group(1)]), text[:m.start()] + SWAP[m.group(1)] + text[m.end():]
    for m in re.finditer(r"\breturn\b([^;]*);", bare):
        if re.match(r"\s*\n}", bare[m.end():]):  # a function's last: nothing else could be returned
            continue
        value = text[m.start(1):m.end(1)].strip()
        yield bare.count("\n", 0, m.start()) + 1, "dropped " + re.sub(r"\s+", " ", text[m.start():m.end()])[:50], \
            text[:m.start()] + ("(void)(%s);" % value if value else ";") + text[m.end():]


def users(path):
    """(unit tests, controls) that see the file, by its header, through any number of includes."""
    seen, todo = set(), ["policy/judge.h" if path.startswith("policy/judge") else re.sub(r"\.c$", ".h", path)]
    sources = glob.glob("platform/linux/**/*.[ch]", recursive=True) + glob.glob("tests/unit/*.c") + glob.glob("policy/*.[ch]")
    hit = {path}
    while todo:
        header = todo.pop()
        if header in seen:
            continue
        seen.add(header)
        for s in sources:
            if '#include "%s"' % header in open(s, encoding="utf-8").read():
                hit.add(s)
                if s.startswith("platform/linux"):
                    todo.append(re.sub(r"\.c$", ".h", s))
    units = sorted(os.path.basename(h)[:-2] for h in hit if h.startswith("tests/unit/test_"))
    cases = [os.path.basename(c)[:-6] for c in sorted(glob.glob("tests/control/*.cases"))]
    controls = [c for c in cases if any(os.path.basename(h).startswith(c) for h in hit if h.startswith("platform/linux/"))]
    return units, controls, path.startswith("policy/judge")


def run(command, cwd, seconds):
    """Exit status; -1 if it took too long. What a looping mutant started ends with it."""
    p = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return p.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return -1
    finally:
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()


def noticed(tree, units, controls, judge):
    for unit in units:
        if run(["build/m/test/" + unit], tree, 20):
            return True
    for control in controls:
        if run([sys.executable, "tests/control/run.py", "--first", "--reuse", "build/machines", "tests/control/%s.cases" % control], tree, 120):
            return True
    return bool(judge and run([sys.executable, "tests/judge/run.py"], tree, 120))


def work(tree, path, mutant, how):
    line, what, text = mutant
    target = os.path.join(tree, path)
    original = open(target, encoding="utf-8").read()
    goals = ["build/m/bin/epagent-probe", "build/m/bin/epagent"] + ["build/m/test/" + u for u in how[0]]
    try:
        with open(target, "w", encoding="utf-8") as f:
            f.write(text)
        if run(MAKE + goals, tree, 120):
            return None
        return noticed(tree, *how)
    finally:
        with open(target, "w", encoding="utf-8") as f:
            f.write(original)


def prepare(tree, controls):
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(TOP, tree, symlinks=True, ignore=shutil.ignore_patterns("build", ".git"))
    subprocess.run(MAKE + ["-j2", "tests"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    for control in controls:
        subprocess.run([sys.executable, "tests/control/run.py", "--keep", "build/machines", "tests/control/%s.cases" % control], cwd=tree, check=True,
                       stdout=subprocess.DEVNULL)


def batch(tree, jobs):
    results = []
    for path, mutant, how in jobs:
        results.append((path, mutant, work(tree, path, mutant, how)))
    return results


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--jobs", type=int, default=os.cpu_count())
    args.add_argument("--sample", type=int, help="only so many mutants, chosen by a printed seed")
    args.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args.add_argument("--most", type=float, default=3.0, help="per cent that may survive")
    args.add_argument("files", nargs="*")
    a = args.parse_args()
    os.chdir(TOP)
    os.environ["EPAGENT_BIN"] = "build/m/bin"
    jobs = [(path, m, users(path)) for path in (a.files or targets()) for m in mutants(path)]
    if a.sample and a.sample < len(jobs):
        print("# seed %d" % a.seed)
        jobs = random.Random(a.seed).sample(jobs, a.sample)
    controls = sorted({c for _, _, how in jobs for c in how[1]})
    trees = [os.path.join(TOP, "build/mutate/%d" % i) for i in range(max(1, a.jobs))]
    for tree in trees:
        prepare(tree, controls)
    with concurrent.futures.ThreadPoolExecutor(len(trees)) as pool:
        parts = list(pool.map(lambda i: batch(trees[i], jobs[i::len(trees)]), range(len(trees))))
    done = [r for part in parts for r in part if r[2] is not None]
    survivors = [r for r in done if not r[2]]
    for path, (line, what, _), _ in sorted(survivors, key=lambda r: (r[0], r[1][0])):
        print("# survived: %s:%d: %s" % (path, line, what))
    share = 100.0 * len(survivors) / max(1, len(done))
    print("# report: %d mutants, %d survived (%.1f %%), %d did not build" % (len(done), len(survivors), share, len(jobs) - len(done)))
    print("%sok - at most %g %% of the mutants survive" % ("not " if share > a.most or not done else "", a.most))
    return 1 if share > a.most or not done else 0


if __name__ == "__main__":
    sys.exit(main())
