#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Enforcing and withdrawing by the running agent, in a mount namespace where /etc and /usr can be changed: the intention is recorded before, the
outcome after, the next look proves it, and after withdrawing /etc is what it was, byte for byte."""
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import WORK, Agent, Tap, overlay, private_machine  # noqa: E402

LOCK = {"control": "screen_lock", "require": {"at_most": "3m"}}
MEMORY = {"control": "password_memory", "require": {"is": "off"}}


def rules(mode, *which):
    return [dict(rule, mode=mode) for rule in which]


def tree(top="/etc"):
    """Everything that a file has: kind, mode, owner, size, content, time of change; of folders all but the time."""
    found = {}
    for base, folders, files in os.walk(top):
        for path in [base] + [os.path.join(base, x) for x in files + [d for d in folders if os.path.islink(os.path.join(base, d))]]:
            at = os.lstat(path)
            is_file = os.path.isfile(path) and not os.path.islink(path)
            content = hashlib.sha256(open(path, "rb").read()).hexdigest() if is_file else os.readlink(path) if os.path.islink(path) else ""
            found[path] = (at.st_mode, at.st_uid, at.st_gid, content, at.st_mtime_ns if is_file else 0)
    return found


def difference(a, b):
    return {path: (a.get(path), b.get(path)) for path in set(a) | set(b) if a.get(path) != b.get(path)}


def verdicts(agent, control):
    return {row["subject"]: (row["verdict"], row["code"]) for row in agent.status()["controls"] if row["control"] == control}


def phases(agent, control):
    return [r["payload"]["phase"] for r in agent.records() if r["kind"] == "enforced" and r["payload"]["control"] == control]


def a_kde_desktop():
    for name in ("plasmashell", "startplasma-x11"):
        with open("/usr/bin/" + name, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n")
        os.chmod("/usr/bin/" + name, 0o755)
    os.makedirs("/usr/share/xsessions", exist_ok=True)
    with open("/usr/share/xsessions/plasma.desktop", "w", encoding="utf-8") as f:
        f.write("[Desktop Entry]\nType=XSession\nExec=/usr/bin/startplasma-x11\nTryExec=/usr/bin/startplasma-x11\nDesktopNames=KDE\nName=Plasma\n")


def a_browser():
    """True if one is installed whose policy folder we know."""
    return any(os.path.exists(p) for p in ("/usr/lib/chromium/chromium", "/usr/lib/firefox-esr/firefox-esr", "/opt/google/chrome/chrome"))


def each_control(tap):
    for control, rule in (("screen_lock", LOCK), ("password_memory", MEMORY)):
        if control == "password_memory" and not a_browser():
            tap.skip("password_memory", "no browser is installed (package chromium)")
            continue
        with Agent("enforce") as agent:
            before = tree()
            agent.start()
            agent.load(agent.office.sign(rules("observe", rule), 1))
            agent.looked()
            failing = {s for s, (v, _) in verdicts(agent, control).items() if v == "fail"}
            tap.ok(failing and not difference(before, tree()), "%s: observed, it fails and nothing is set" % control, verdicts(agent, control))
            agent.load(agent.office.sign(rules("enforce", rule), 2))
            agent.until(lambda: all(verdicts(agent, control)[s][0] == "pass" for s in failing), "%s is enforced" % control)
            tap.ok(True, "%s: enforced, the next look says pass" % control)
            records = [(r["kind"], r["payload"].get("phase") or r["payload"].get("verdict")) for r in agent.records()
                       if r["kind"] in ("enforced", "verdict") and r["payload"]["control"] == control]
            tap.ok(records.index(("enforced", "begin")) < records.index(("enforced", "set")) < records.index(("verdict", "pass")),
                   "%s: intention, outcome and proof are recorded in this order" % control, records)
            changed = difference(before, tree())
            tap.ok(changed and all(path not in before or os.path.isfile(path) for path in changed), "%s: something is set (%s)" % (
                control, " ".join(sorted(changed))), changed)
            count = len(agent.records())
            agent.ask("look_again")
            time.sleep(2)
            tap.ok(not [r for r in agent.records()[count:] if r["kind"] != "peer_violation"], "%s: enforced once, not again at each look" % control,
                   agent.records()[count:])
            os.kill(agent.child("epagentd"), signal.SIGKILL)
            agent.until(lambda: agent.status()["pending"] == 0, "core is back")
            tap.ok(not difference(changed, difference(before, tree())), "%s: what is set stays when core is killed" % control)
            agent.load(agent.office.sign(rules("observe", rule), 3))
            agent.until(lambda: "withdrawn" in phases(agent, control) and all(verdicts(agent, control).get(s, ("",))[0] == "fail" for s in failing),
                        "%s is withdrawn" % control)
            tap.ok(not difference(before, tree()), "%s: withdrawn, /etc is what it was, byte for byte" % control, difference(before, tree()))
            agent.load(agent.office.sign(rules("enforce", rule), 4))
            agent.until(lambda: all(verdicts(agent, control)[s][0] == "pass" for s in failing), "%s is enforced again" % control)
            agent.stop()
            agent.config("journal = 1\nobserve = yes\n")
            agent.start()
            agent.until(lambda: phases(agent, control).count("withdrawn") >= 2 * len(failing), "%s is withdrawn by observe = yes" % control)
            tap.ok(not difference(before, tree()), "%s: observe = yes on the PC withdraws it, too" % control, difference(before, tree()))


def somebody_else(tap):
    """What was set is changed by somebody: it is left alone, and said."""
    with Agent("conflict") as agent:
        before = tree()
        agent.start()
        agent.load(agent.office.sign(rules("enforce", LOCK), 1))
        agent.until(lambda: "set" in phases(agent, "screen_lock"), "it is set")
        ours = [p for p, (_, new) in difference(before, tree()).items() if new and os.path.isfile(p)]
        with open(ours[0], "a", encoding="utf-8") as f:
            f.write("# the administrator\n")
        agent.load(agent.office.sign(rules("observe", LOCK), 2))
        agent.until(lambda: "withdraw" in phases(agent, "screen_lock"), "the conflict is recorded")
        failed = [r["payload"] for r in agent.records() if r["kind"] == "enforced" and r["payload"]["phase"] == "withdraw"]
        with open(ours[0], encoding="utf-8") as f:
            left = f.read()
        tap.ok(failed[0]["meaning"] == "invalid" and left.endswith("# the administrator\n"), "another's change is left alone, and recorded", failed)
        os.unlink(ours[0])


def observing(tap):
    with Agent("observe") as agent:
        before = tree()
        agent.start("--observe")
        agent.load(agent.office.sign(rules("enforce", LOCK, MEMORY), 1))
        agent.looked()
        agent.ask("look_again")
        time.sleep(1)
        tap.ok(not difference(before, tree()) and not phases(agent, "screen_lock") + phases(agent, "password_memory"),
               "--observe sets nothing, whatever the policy says")


if __name__ == "__main__":
    private_machine("enforcing")
    os.makedirs(WORK, exist_ok=True)
    MACHINE = tempfile.mkdtemp(prefix="machine-", dir=WORK)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", MACHINE], check=True)
    for place in ("/etc", "/usr/share", "/usr/bin"):
        if not overlay(place, os.path.join(MACHINE, place.replace("/", "_"))):
            print("1..1\nok 1 - enforcing # SKIP overlay is not possible here")
            sys.exit(0)
    a_kde_desktop()
    only = sys.argv[1:]
    sys.exit(Tap().run(*[t for t in (each_control, somebody_else, observing) if not only or t.__name__ in only]))
