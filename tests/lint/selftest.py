#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks a copy of the tree once for each lint rule and sees the rule turn red: a rule that cannot fail is no rule."""
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def append(path, text):
    def breaker(root):
        with open(os.path.join(root, path), "a") as f:
            f.write(text)
    return breaker


def remove(path):
    return lambda root: os.unlink(os.path.join(root, path))


LONG = "int long_one(void);\nint long_one(void)\n{\n\tint a = 0;\n" + "\ta++;\n" * 80 + "\treturn a;\n}\n"
BREAKS = [  # script, what is done, how
    ("includes", "base includes policy", append("base/text.c", '\n#include "policy/fact.h"\n')),
    ("includes", "server includes platform", append("server/ctl/epctl.c", '\n#include "platform/host.h"\n')),
    ("includes", "cli includes core", append("agent/cli/epagent.c", '\n#include "agent/journal.h"\n')),
    ("includes", "policy reads files", append("policy/fact.c", "\n#include <fcntl.h>\n")),
    ("controls", "a Windows file is missing", remove("platform/win32/screen_lock.c")),
    ("controls", "a test is missing", remove("tests/control/screen_lock.cases")),
    ("controls", "a page is missing", remove("docs/controls/screen_lock.md")),
    ("controls", "messages are missing in Japanese", remove("policy/messages/ja/screen_lock.json")),
    ("controls", "a shipped policy asks for a LATER row", append("policy/examples/standard.yaml", "  - control: mfa\n")),
    ("platform_if", "a platform conditional", append("agent/cli/epagent.c", "\n#ifdef _WIN32\n#endif\n")),
    ("banned", "a shell", append("base/text.c", "\nint x(void) { return system(\"ls\"); }\n")),
    ("banned", "an unbounded copy", append("base/text.c", "\nvoid y(char *a) { strcpy(a, \"b\"); }\n")),
    ("banned", "the clock in policy", append("policy/fact.c", "\nlong z(void) { return time(0); }\n")),
    ("sizes", "a long function", append("base/text.c", LONG)),
    ("sizes", "a long header", append("base/err.h", "/* x */\n" * 120)),
    ("sizes", "seven parameters", append("base/text.c", "\nint many(int a, int b, int c, int d, int e, int f, int g);\nint many(int a, int b, int c, int d, int e, int f, int g)\n{\n\treturn a + b + c + d + e + f + g;\n}\n")),
    ("headers", "no licence", lambda root: open(os.path.join(root, "base/new.c"), "w").write("int n;\n")),
    ("headers", "unfinished", append("base/text.c", "\n/* TODO */\n")),
    ("codes", "a reason without a sentence", append("platform/linux/screen_lock.c", '\nvoid w(void) { fact_unknown(o, f, "no_such_word"); }\n')),
    ("codes", "a reader without a fuzz target", lambda root: open(os.path.join(root, "platform/linux/read/unfuzzed.h"), "w").write("/* x */\n")),
]


def run(script, root):
    env = dict(os.environ, LINT_ROOT=root)
    return subprocess.run([sys.executable, "-B", os.path.join(TOP, "tests/lint", script + ".py")], env=env, capture_output=True, text=True)


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        for script, what, breaker in BREAKS:
            root = os.path.join(tmp, "tree")
            shutil.copytree(TOP, root, symlinks=True, ignore=shutil.ignore_patterns("build", ".git", "corpus", "fixtures"))
            before = run(script, root).stdout
            breaker(root)
            after = run(script, root)
            new = set(after.stdout.splitlines()) - set(before.splitlines())
            ok = after.returncode == 1 and any(line.startswith("# ") for line in new)
            bad += not ok
            print("%sok - %s notices: %s" % ("" if ok else "not ", script, what), flush=True)
            shutil.rmtree(root)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
