# SPDX-License-Identifier: Apache-2.0
"""The agent as it is installed: real units under systemd in the guest.

Proves that every probe inside its fences sees the same PC as plain root; that what is enforced through them is withdrawn byte for byte; and
that what is killed comes back.
"""
import json
import os
import re
import shutil
import subprocess
import time

from lab import LAB, TOP, LabError

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGING = os.environ.get("LAB_PACKAGING", TOP)
UNITS = "epagentd.service", "epagent-probe.service"
CONTROLS = ["screen_lock", "password_memory", "disk_encryption", "antivirus_running", "antivirus_signatures", "usb_storage"]

# A PC with something to see in it: a desktop, two browsers, a user's own settings that may not be followed, an encrypted volume.
PC = """
set -e
mkdir -p /usr/share/xsessions /usr/share/wayland-sessions /etc/dconf/profile /etc/dconf/db/local.d /usr/lib/chromium /usr/lib/firefox-esr /usr/bin
printf '[Desktop Entry]\\nName=GNOME\\nExec=/usr/bin/gnome-session\\nTryExec=/usr/bin/gnome-session\\nType=Application\\nDesktopNames=GNOME\\n' |
	tee /usr/share/xsessions/gnome.desktop > /usr/share/wayland-sessions/gnome.desktop
for f in /usr/bin/gnome-session /usr/bin/gnome-shell /usr/lib/chromium/chromium /usr/lib/firefox-esr/firefox-esr; do
	printf '#!/bin/sh\\n' > $f; chmod 755 $f; done
ln -sf ../lib/chromium/chromium /usr/bin/chromium
ln -sf ../lib/firefox-esr/firefox-esr /usr/bin/firefox-esr
printf 'user-db:user\\nsystem-db:local\\n' > /etc/dconf/profile/user
printf '[org/gnome/desktop/session]\\nidle-delay=uint32 1800\\n' > /etc/dconf/db/local.d/00-office
dconf compile /etc/dconf/db/local /etc/dconf/db/local.d
mkdir -p /home/user/.config/dconf && ln -sfn /etc/shadow /home/user/.config/dconf/user && chown -hR user:user /home/user && chmod 700 /home/user
printf secret > /run/key
cryptsetup luksFormat --batch-mode --key-file=/run/key --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/vdb
cryptsetup open --key-file=/run/key /dev/vdb data; mkfs.ext4 -q /dev/mapper/data; mkdir -p /srv/data; mount /dev/mapper/data /srv/data
mkswap -q /dev/vdc; swapon /dev/vdc
mkswap -q /dev/vdd; mkdir -p /etc/initramfs-tools/conf.d
udevadm trigger --settle /sys/class/block/vdd; echo "RESUME=UUID=$(blkid -s UUID -o value /dev/vdd)" > /etc/initramfs-tools/conf.d/resume
udevadm settle
"""

# Everything about /etc but the times of its folders, which change with every file that comes and goes beside.
TREE = """cd /etc && find . -type d -printf '%p %M %U %G\\n' -o -printf '%p %M %U %G %s %T@ %n %l\\n' | sort
find . -type f -print0 | sort -z | xargs -0 sha256sum"""


def message_numbers():
    with open(os.path.join(TOP, "agent/message.def"), encoding="utf-8") as f:
        return {name: n for n, name in enumerate(re.findall(r"^MESSAGE\((\w+),", f.read(), re.M))}


class Installed:
    def __init__(self, lab, binaries):
        self.lab, self.binaries, self.numbers = lab, binaries, message_numbers()
        self.office = os.path.join(lab.dir, "office")

    def install(self):
        dest = os.path.join(self.lab.dir, "dest")
        shutil.rmtree(dest, ignore_errors=True)
        subprocess.run([os.path.join(PACKAGING, "packaging/install/run"), self.binaries, dest], check=True, cwd=TOP)
        subprocess.run(["gcc", "-O2", "-Wall", "-static", "-o", dest + "/usr/bin/lab-ask", os.path.join(HERE, "ask.c")], check=True)
        tar = subprocess.run(["tar", "-C", dest, "--owner=0", "--group=0", "-c", "."], check=True, capture_output=True).stdout
        self.lab.run("tar -C / -x --no-overwrite-dir", 120, check=True, stdin=tar)
        shutil.rmtree(self.office, ignore_errors=True)
        subprocess.run([self.binaries + "/epctl", "keys", "new", "--data", self.office], check=True, capture_output=True)
        self.lab.run("systemd-sysusers && systemd-tmpfiles --create && mkdir -p -m 700 /var/lib/epagent/trust && systemctl daemon-reload", check=True)
        for file in ("root.pem", "root.pin"):
            self.lab.put(os.path.join(self.office, "keys", file), "/var/lib/epagent/trust/" + file)
        self.lab.run("printf 'journal = 4\\n' > /etc/epagent/agent.conf", check=True)
        self.lab.run("systemctl enable --now epagent-user.socket epagent-probe.socket epagentd.service", 120, check=True)

    def ask(self, socket, kind, body, last):
        r = self.lab.run("lab-ask /run/epagent/%s.sock %d %d" % (socket, self.numbers[kind], self.numbers[last]), 150, stdin=json.dumps(body).encode())
        return [(int(line.split(b" ", 1)[0]), json.loads(line.split(b" ", 1)[1])) for line in r.out.splitlines()]

    def load(self, rules, version):
        base = os.path.join(self.office, "policy-%d" % version)
        with open(base + ".yaml", "w", encoding="utf-8") as f:
            json.dump({"policy": "lab", "format": 1, "title": {"en": "Lab"}, "rules": rules}, f)
        epctl = self.binaries + "/epctl"
        subprocess.run([epctl, "policy", "build", base + ".yaml", "-o", base + ".json"], check=True, capture_output=True)
        subprocess.run([epctl, "policy", "sign", base + ".json", "--data", self.office, "--version", str(version), "-o", base + ".signed"],
                       check=True, capture_output=True)
        with open(base + ".signed", "rb") as f:
            answer = self.ask("user", "policy_load", {"document": f.read().hex()}, "answer")
        if not answer or "version" not in answer[-1][1]:
            raise LabError("the policy was not taken: %r" % answer)

    def status(self):
        r = self.lab.run("epagent --status --json", 60)
        return json.loads(r.out) if r.out.startswith(b"{") else {}

    def until(self, check, seconds=90):
        end = time.monotonic() + seconds
        while not check():
            if time.monotonic() > end:
                return False
            time.sleep(0.5)
        return True

    def verdicts(self):
        return {(c["control"], c["subject"]): c["verdict"] + " " + c["code"] for c in self.status().get("controls", [])}

    def pid(self, unit):
        return int(self.lab.run("systemctl show -P MainPID " + unit).text or 0)


def same(facts):
    """Facts in a form that can be compared: in order, without what may differ between two looks."""
    def one(fact):
        evidence = sorted(json.dumps(e, sort_keys=True) for e in fact.pop("evidence", []))
        return json.dumps(fact, sort_keys=True) + " " + " ".join(evidence)
    return sorted(one(json.loads(json.dumps(f))) for f in facts)


def compare_probes(pc, tap):
    plain = {}
    for control in CONTROLS:
        r = pc.lab.run("/usr/libexec/epagent/epagent-probe %s" % control, 60, check=True)
        plain[control] = same(json.loads(r.out)["facts"])
    # Core is stopped, so that only we ask.
    pc.lab.run("systemctl stop epagentd.service", 60)
    answers = {b["control"]: b for n, b in pc.ask("probe", "look", {"controls": CONTROLS, "sessions": True}, "looked") if "control" in b}
    pid = pc.pid("epagent-probe.service")
    status = pc.lab.run("grep -E '^(Uid|CapEff|Seccomp):' /proc/%d/status" % pid).text.split()
    tap.check("installed_probe", "runs as its own user with one capability and a filter", pid and status[1] != "0" and
              status[status.index("CapEff:") + 1].lstrip("0") == "4" and status[-1] == "2", status)
    for control in CONTROLS:
        inside = answers.get(control, {})
        facts = same(inside["answer"]["facts"]) if "answer" in inside else [inside]
        differ = [x for x in facts if x not in plain[control]] + ["root: " + x for x in plain[control] if x not in facts]
        tap.check("installed_probe", "%s: %d facts as plain root" % (control, len(facts)), facts == plain[control] and facts,
                  differ)
    pc.lab.run("systemctl start epagentd.service", 60, check=True)


ENFORCE = [{"control": "screen_lock", "require": {"at_most": "10m"}, "mode": "enforce"},
           {"control": "password_memory", "require": {"is": "off"}, "mode": "enforce"}]
WATCH = [{"control": rule["control"], "require": rule["require"]} for rule in ENFORCE]


def enforce_and_withdraw(pc, tap):
    before = pc.lab.run(TREE, 60, check=True).text
    pc.load(WATCH, 1)
    found = pc.until(lambda: any(v.startswith("fail") for v in pc.verdicts().values()))
    tap.check("installed_enforce", "observing finds what is wrong and changes nothing",
              found and pc.lab.run(TREE, 60).text == before, pc.verdicts())
    pc.load(ENFORCE, 2)
    for control in ("screen_lock", "password_memory"):
        tap.check("installed_enforce", "%s is enforced and passes" % control, pc.until(lambda: [
            v for (c, s), v in pc.verdicts().items() if c == control] and all(
                v.startswith("pass") for (c, s), v in pc.verdicts().items() if c == control)), pc.verdicts())
    during = pc.lab.run(TREE, 60, check=True).text
    tap.check("installed_enforce", "files in /etc were set", during != before)
    pc.load(WATCH, 3)
    back = pc.until(lambda: pc.lab.run(TREE, 60).text == before, 60)
    after = pc.lab.run(TREE, 60, check=True).text
    differ = sorted(set(before.splitlines()) ^ set(after.splitlines()))
    tap.check("installed_enforce", "withdrawn: /etc is byte for byte as before", back and after == before, differ)


def kill_and_return(pc, tap):
    for unit in UNITS:
        if unit == "epagent-probe.service":
            pc.ask("user", "look_again", {}, "answer")
            pc.until(lambda: pc.pid(unit))
        old = pc.pid(unit)
        pc.lab.run("kill -9 %d" % old)

        def answers():
            if unit == "epagent-probe.service":
                pc.ask("user", "look_again", {}, "answer")
            return pc.pid(unit) not in (0, old) and pc.status().get("controls") is not None
        tap.check("installed_kill", "%s comes back after kill -9 and the agent answers" % unit, old and pc.until(answers, 60),
                  pc.lab.run("systemctl status --no-pager %s" % unit).text[-500:])
    verify = pc.lab.run("epagent log --verify", 60)
    tap.check("installed_kill", "the journal is whole", verify.status == 0, verify.text + verify.err.decode(errors="replace"))


def run_units(lab, tap, binaries):
    pc = Installed(lab, binaries)
    for _ in range(3):
        lab.disk(64 << 20)
    lab.run(PC, 120, check=True)
    pc.install()
    active = pc.until(lambda: lab.run("systemctl is-active epagentd.service epagent-user.socket epagent-probe.socket").text.split() == ["active"] * 3, 60)
    tap.check("installed_units", "core and sockets are active", active, lab.run("systemctl status --no-pager epagentd.service").text[-800:])
    tap.check("installed_units", "core looked at the PC through the probe's unit", pc.until(lambda: pc.pid("epagent-probe.service"), 60))
    tap.check("installed_units", "nothing failed", lab.run("systemctl --failed --no-legend").text == "", lab.run("systemctl --failed").text)
    user = lab.run("setpriv --reuid 1000 --regid 1000 --clear-groups epagent --status --json", 60)
    tap.check("installed_units", "an ordinary user is answered", user.out.startswith(b"{"), user.err.decode(errors="replace"))
    for step in (compare_probes, enforce_and_withdraw, kill_and_return):
        try:
            step(pc, tap)
        except (LabError, OSError, ValueError, KeyError, subprocess.CalledProcessError) as e:
            tap.check("installed_units", step.__name__ + " ran to its end", False, e)
