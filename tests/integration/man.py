#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Manual pages: mandoc finds nothing to warn of, and they name exactly the commands and options that the programs have. Prints TAP."""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(TOP, os.environ.get("EPAGENT_BIN", "build/linux/bin"))
MAN = os.path.join(TOP, "docs/man")
number = failed = 0


def check(title, good, shown=""):
    global number, failed
    number += 1
    failed += not good
    print("%sok %d - %s%s" % ("" if good else "not ", number, title, "" if good else ": %s" % (shown,)), flush=True)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def help_of(program):
    return subprocess.run([BIN + "/" + program, "--help"], capture_output=True, text=True, check=True).stdout


def synopsis(page):
    """command -> set of options, from the SYNOPSIS of a page."""
    commands, current = {}, None
    for line in re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh ", page, re.M | re.S).group(1).splitlines():
        if line.startswith(".Cm "):
            current = line[4:]
            commands[current] = set()
        elif line.startswith(".Fl -status"):
            current = "--status"
            commands[current] = set()
        elif current:
            commands[current].update("-" + o for o in re.findall(r"Fl (\S+)", line))
    return commands


def epagent_help():
    commands, current = {}, None
    for line in help_of("epagent").splitlines():
        command, option = re.match(r"  (\S+) ", line), re.match(r"      (--\S+)", line)
        if command:
            current = commands[command.group(1)] = set()
        elif option:
            current.add(option.group(1))
    return commands


def epctl_help():
    return {m.group(1): set(re.findall(r" (--?[a-z]+)", m.group(2).split("`")[0])) for m in re.finditer(r"^  epctl (\w+ \w+)(.*)$", help_of("epctl"), re.M)}


def main():
    pages = sorted(glob.glob(MAN + "/*.[1-8]") + glob.glob(MAN + "/ja/*.[1-8]"))
    for path in pages:
        r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True)
        check("mandoc has nothing against %s" % os.path.relpath(path, MAN), r.returncode == 0 and not r.stdout + r.stderr, r.stdout + r.stderr)
    for name, wanted in (("epagent.1", epagent_help()), ("epctl.1", epctl_help())):
        for folder in ("", "ja/"):
            found = synopsis(read(os.path.join(MAN, folder + name)))
            check("%s%s has the commands that the program has" % (folder, name), set(found) == set(wanted), (sorted(found), sorted(wanted)))
            for command in sorted(set(found) & set(wanted)):
                check("%s%s: options of %s" % (folder, name, command), found[command] == wanted[command], (sorted(found[command]), sorted(wanted[command])))
    for page, source in (("epagentd.8", "agent/epagentd.c"), ("epagent-probe.8", "agent/probe/epagent-probe.c")):
        wanted = set(re.findall(r'argv\[i?1?\], "(--[a-z]+)"', read(os.path.join(TOP, source))))
        found = {"-" + o for o in re.findall(r"^\.It Fl (\S+)", read(os.path.join(MAN, page)), re.M)}
        check("%s has the options of %s" % (page, source), wanted and found == wanted, (found, wanted))
    words = re.search(r"keywords\[\] = \{(.*?)\};", read(os.path.join(TOP, "agent/config.c")), re.S).group(1)
    check("agent.conf.5 has the keywords of agent/config.c", set(re.findall(r'\{"(\w+)"', words)) == set(re.findall(r"^\.It Cm (\w+)", read(MAN + "/agent.conf.5"), re.M)))
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
