#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The antivirus controls against the real clamd and clamonacc: started, aged, stopped, killed, and imitated. Prints TAP.

Runs in a mount namespace of its own (as root, else in a user namespace): /etc/clamav is a memory file system with our clamd.conf, and
socket, databases and all else lie in another on /mnt. Nothing on the machine is touched; the system's own service is not asked.
"""
import calendar
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time

BIN = os.path.abspath(os.environ.get("EPAGENT_BIN", "build/linux/bin"))
NOW = "2026-11-22T00:20:00Z"
OLD, NEW = "2026-11-20T08:00:00Z", "2026-11-21T22:10:07Z"
SOCKET = "/mnt/run/clamd.ctl"
CONF = "LocalSocket %s\nLocalSocketMode 666\nDatabaseDirectory /mnt/db\nForeground yes\nUser %s\nLogFile /mnt/run/log\nSelfCheck 86400\n"
ONACCESS = "OnAccessIncludePath /mnt/watch\nOnAccessPrevention yes\nOnAccessExcludeUname nobody\n"
ZONES = ["Asia/Tokyo", "UTC", "America/New_York", "Asia/Kathmandu"]
number = 0
failed = 0


def ok(good, title, detail=""):
    global number, failed
    number += 1
    failed += not good
    print("%s %d - %s%s" % ("ok" if good else "not ok", number, title, "" if good else ": " + str(detail)), flush=True)


def skip(title, why):
    global number
    number += 1
    print("ok %d - %s # SKIP %s" % (number, title, why), flush=True)


def seconds(at):
    return calendar.timegm(time.strptime(at, "%Y-%m-%dT%H:%M:%SZ"))


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def database(version, built):
    """An unsigned daily database: a header line of 512 bytes, then a tar of an index and one signature."""
    ndb = b"Epagent.Test:0:*:" + b"EPAGENT-TEST-PATTERN-0001".hex().encode() + b"\n"
    text = time.strftime("%d %b %Y %H-%M +0000", time.gmtime(seconds(built)))
    head = "ClamAV-VDB:%s:%d:1:90:X:X:tester:%d" % (text, version, seconds(built))
    info = ("%s\ndaily.ndb:%d:%s\n" % (head, len(ndb), hashlib.sha256(ndb).hexdigest())).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in (("daily.info", info), ("daily.ndb", ndb)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    os.makedirs("/mnt/db", exist_ok=True)
    with open("/mnt/db/daily.cud", "wb") as f:
        f.write(head.ljust(512).encode() + out.getvalue())


class Clamd:
    def __init__(self, zone=None, user="root"):
        write("/etc/clamav/clamd.conf", CONF % (SOCKET, user) + ONACCESS)
        env = dict(os.environ, TZ=zone) if zone else {k: v for k, v in os.environ.items() if k != "TZ"}
        self.p = subprocess.Popen(["/usr/sbin/clamd"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait()

    def wait(self):
        for _ in range(200):
            if ask(b"zPING\0") == b"PONG\0":
                return
            time.sleep(0.1)
        sys.exit("clamd does not start")

    def signal(self, what):
        self.p.send_signal(what)

    def kill(self):
        self.p.kill()
        self.p.wait()


def ask(command):
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(2)
            s.connect(SOCKET)
            s.send(command)
            return s.recv(200)
    except OSError:
        return None


def probe(control, user=None):
    begin = time.monotonic()
    command = [BIN + "/epagent-probe", "--at", NOW, control]
    if user:
        command = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"] + command
    r = subprocess.run(command, capture_output=True, timeout=30)
    if r.returncode:
        sys.exit("epagent-probe ended with %d: %s" % (r.returncode, r.stderr.decode()))
    facts = [f for f in json.loads(r.stdout)["facts"] if f["subject"] == "product:clamav"]
    return facts[0], time.monotonic() - begin


def expect(control, title, user=None, **want):
    fact, took = probe(control, user)
    got = {k: fact.get(k) for k in want}
    ok(got == want and took < 7, "%s: %s" % (control, title), "%s in %.1f s, wanted %s; %s" % (got, took, want, json.dumps(fact)))
    return fact


def verdict(title, limit, want):
    rules = "".join("  - {control: %s, require: %s}\n" % r for r in (("antivirus_signatures", "{at_most: %s}" % limit),))
    write("/mnt/policy.yaml", "policy: t\nformat: 1\ntitle: {en: t}\nrules:\n" + rules)
    subprocess.run([BIN + "/epctl", "policy", "build", "/mnt/policy.yaml", "-o", "/mnt/policy.json"], check=True)
    r = subprocess.run([BIN + "/epagent", "check", "--policy", "/mnt/policy.json", "--at", NOW, "--json"], capture_output=True, timeout=60)
    rows = [x for x in json.loads(r.stdout)["controls"] if x["subject"] == "product:clamav"]
    got = "%s %s" % (rows[0]["verdict"], rows[0]["code"])
    ok(got == want, title, got)


def started():
    for zone in ZONES:
        database(27823, OLD)
        clamd = Clamd(zone)
        expect("antivirus_signatures", "loaded, daemon in %s" % zone, state="known", value=OLD)
        clamd.kill()
    clamd = Clamd("Asia/Tokyo")
    expect("antivirus_running", "clamd without clamonacc", state="known", value="off", reason="no_real_time")
    verdict("40 hours old, 48 allowed", "48h", "pass antivirus_signatures.ok")
    verdict("40 hours old, 24 allowed", "24h", "fail antivirus_signatures.too_old")
    return clamd


def aged(clamd):
    """A newer database lies on disk, and the daemon still holds the older one: what is loaded counts."""
    clamd.kill()
    if not os.path.exists("/etc/localtime"):
        return skip("antivirus_signatures: aged", "no /etc/localtime")
    target = os.path.realpath("/etc/localtime")
    for zone in ZONES:
        subprocess.run(["mount", "--bind", "/usr/share/zoneinfo/" + zone, target], check=True)
        database(27823, OLD)
        clamd = Clamd()
        database(27824, NEW)
        fact = expect("antivirus_signatures", "older loaded, newer on disk, PC in %s" % zone, state="known", value=OLD)
        ok({"source": "VERSION", "key": "date_from", "value": "local_time"} in fact["evidence"], "the evidence says whose time it is", fact["evidence"])
        if zone == ZONES[-1]:
            verdict("the newer file does not count", "24h", "fail antivirus_signatures.too_old")
            ask(b"zRELOAD\0")
            for _ in range(100):
                if b"27824" in (ask(b"zVERSION\0") or b""):
                    break
                time.sleep(0.1)
            expect("antivirus_signatures", "after a reload", state="known", value=NEW)
            verdict("after a reload", "24h", "pass antivirus_signatures.ok")
        clamd.kill()
        subprocess.run(["umount", target], check=True)


def stopped():
    database(27824, NEW)
    clamd = Clamd()
    clamd.signal(signal.SIGSTOP)
    expect("antivirus_running", "SIGSTOPped", state="unknown", reason="no_answer")
    expect("antivirus_signatures", "SIGSTOPped", state="unknown", reason="no_answer", at_best=NEW)
    verdict("SIGSTOPped, the files are young", "24h", "unknown antivirus_signatures.no_answer")
    verdict("SIGSTOPped, even the files are old", "1h", "fail antivirus_signatures.too_old")
    clamd.signal(signal.SIGCONT)
    clamd.wait()
    expect("antivirus_signatures", "goes on", state="known", value=NEW)
    clamd.kill()
    expect("antivirus_running", "killed, its socket is left", state="known", value="off", reason="not_running")
    expect("antivirus_signatures", "killed", state="unknown", reason="not_running", at_best=NEW)
    shutil.rmtree("/mnt/db")
    expect("antivirus_signatures", "killed, no files", state="unknown", reason="not_running", at_best="never")
    os.unlink(SOCKET)
    expect("antivirus_running", "no socket", state="known", value="off", reason="not_running")


def no_number():
    os.makedirs("/mnt/db", exist_ok=True)
    write("/mnt/db/own.ndb", "Epagent.Test:0:*:" + b"EPAGENT-TEST-PATTERN-0001".hex() + "\n")
    clamd = Clamd()
    expect("antivirus_signatures", "a lone .ndb has no date", state="unknown", reason="no_date")
    clamd.kill()
    shutil.rmtree("/mnt/db")


def other_user():
    if os.getuid() != 0 or not os.path.exists("/proc/self/uid_map") or int(open("/proc/self/uid_map").read().split()[2]) < 2000:
        return skip("clamd as its own account", "needs real root")
    database(27824, NEW)
    subprocess.run(["chown", "-R", "clamav", "/mnt/db", "/mnt/run"], check=True)
    clamd = Clamd(user="clamav")
    expect("antivirus_signatures", "clamd runs as clamav", state="known", value=NEW)
    expect("antivirus_signatures", "asked by an ordinary user", user=200001, state="known", value=NEW)
    os.chmod(SOCKET, 0o660)
    expect("antivirus_signatures", "an ordinary user may not ask", user=200001, state="unknown", reason="socket_denied", at_best=NEW)
    expect("antivirus_running", "an ordinary user may not ask", user=200001, state="unknown", reason="socket_denied")
    clamd.kill()
    os.unlink(SOCKET)
    subprocess.run(["chown", "-R", "root", "/mnt/run"], check=True)


def fake(answer, uid=0, path=SOCKET, owner=0):
    """Listens like clamd and answers what it likes, `answer` being bytes or a function of the connection."""
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        server = socket.socket(socket.AF_UNIX)
        old = os.umask(0)
        if uid:
            os.chown(os.path.dirname(path), uid, uid)
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        server.bind(path)
        os.umask(old)
        server.listen(4)
        os.write(done, b"x")
        while True:
            c, _ = server.accept()
            try:
                c.recv(100)
                answer(c) if callable(answer) else c.send(answer)
            except OSError:
                pass
            c.close()
    os.read(ready, 1)
    if uid:
        os.chown(os.path.dirname(path), owner, owner)
        os.chown(path, owner, owner)
    return child


def end(child, path=SOCKET):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.unlink(path)


def drip(c):
    for _ in range(100):
        c.send(b"C")
        time.sleep(0.3)


def silent(c):
    time.sleep(30)


def imitated():
    nice = b"ClamAV 1.4.6/99999/Sat Nov 21 23:00:00 2026\0"
    database(27824, NEW)
    write("/etc/clamav/clamd.conf", CONF % (SOCKET, "clamav"))
    for title, answer, want in (("drips", drip, "no_answer"), ("is silent", silent, "no_answer"), ("never ends", b"x" * 300, "no_answer"),
                                ("hangs up", b"", "no_answer"), ("cuts off", b"ClamAV 1.4.6/27824/Sat Nov", "no_answer"),
                                ("speaks nonsense", b"PONG\0", "answer_not_understood"), ("has no zone's date", b"ClamAV 1/2/Sat Nib 21 23:00:00 2026\0", "answer_not_understood"),
                                ("has two NULs", b"ClamAV 1.4.6\0/27824/x\0", "no_date")):
        child = fake(answer)
        expect("antivirus_signatures", "a daemon that " + title, state="unknown", reason=want)
        end(child)
    child = fake(b"NOPE\0")
    expect("antivirus_running", "a daemon that says no PONG", state="unknown", reason="no_answer")
    end(child)
    if os.getuid() != 0 or int(open("/proc/self/uid_map").read().split()[2]) < 2000:
        return skip("imitated by an ordinary user", "needs real root")
    for control, answer in (("antivirus_signatures", nice), ("antivirus_running", b"PONG\0")):
        child = fake(answer, uid=1000, owner=1000)
        expect(control, "imitated in an ordinary user's folder", state="unknown", reason="socket_denied")
        end(child)
        os.chown("/mnt/run", 0, 0)
        child = fake(answer, uid=1000)
        expect(control, "imitated by an ordinary user at root's socket", state="unknown", reason="peer_refused")
        end(child)
        child = fake(answer, uid=33)
        expect(control, "imitated by another service", state="unknown", reason="peer_refused")
        end(child)


def real_time():
    database(27824, NEW)
    clamd = Clamd()
    os.makedirs("/mnt/watch", exist_ok=True)
    onaccess = subprocess.Popen(["/usr/sbin/clamonacc", "-F", "-l", "/mnt/onaccess.log"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    if onaccess.poll() is not None:
        skip("antivirus_running: clamonacc", "clamonacc does not run here (fanotify)")
    else:
        expect("antivirus_running", "clamd and clamonacc", state="known", value="on")
        onaccess.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        expect("antivirus_running", "clamonacc SIGSTOPped", state="known", value="off", reason="no_real_time")
        onaccess.send_signal(signal.SIGCONT)
        write("/etc/clamav/clamd.conf", CONF % (SOCKET, "root") + ONACCESS.replace("yes", "no"))
        expect("antivirus_running", "without prevention", state="known", value="off", reason="notify_only")
    onaccess.kill()
    onaccess.wait(10)
    clamd.kill()


def inside():
    for folder in ("/mnt", "/etc/clamav"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder], check=True)
    os.makedirs("/mnt/run")
    os.makedirs("/mnt/watch")
    aged(started())
    stopped()
    no_number()
    other_user()
    imitated()
    real_time()
    print("1..%d" % number)
    return 1 if failed else 0


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--inside":
        return inside()
    if not os.path.exists("/usr/sbin/clamd") or not os.path.isdir("/etc/clamav"):
        print("ok 1 - the real clamd # SKIP clamav-daemon is not installed\n1..1")
        return 0
    flags = ["-m", "--propagation", "private", "-p", "-f", "--kill-child", "--mount-proc"] + ([] if os.getuid() == 0 else ["-Ur"])
    if subprocess.run(["unshare"] + flags + ["mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode:
        print("ok 1 - the real clamd # SKIP this machine gives neither a mount namespace nor a user namespace\n1..1")
        return 0
    return subprocess.run(["unshare"] + flags + [sys.executable, os.path.abspath(__file__), "--inside"]).returncode


if __name__ == "__main__":
    sys.exit(main())
