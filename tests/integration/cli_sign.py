#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""epctl keys and policy sign, as files: who may read them, what is never overwritten, what openssl says of them. Prints TAP."""
import os
import stat
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(TOP, os.environ.get("EPAGENT_BIN", "build/linux/bin"))
ARC = "2.25.284700503073014520513955514806270039141"
POLICY = "policy: t\nformat: 1\ntitle: {en: t}\nrules:\n  - control: screen_lock\n    require: {at_most: 10m}\n"
number = failed = 0


def check(title, good, shown=""):
    global number, failed
    number += 1
    failed += not good
    print("%sok %d - %s%s" % ("" if good else "not ", number, title, "" if good else ": %s" % (shown,)), flush=True)


def epctl(*args, **kw):
    return subprocess.run([BIN + "/epctl", *args], capture_output=True, text=True, timeout=60, **kw)


def openssl(*args):
    return subprocess.run(["openssl", *args], capture_output=True, text=True, timeout=60)


def tree(folder):
    """path -> (mode, bytes) of everything below a folder."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(base, name)
            content = open(path, "rb").read() if name in files else None
            found[os.path.relpath(path, folder)] = (stat.S_IMODE(os.lstat(path).st_mode), content)
    return found


def keys(data):
    r = epctl("keys", "new", "--data", data, umask=0)
    check("keys new", r.returncode == 0, r.stderr)
    modes = {name: mode for name, (mode, _) in tree(data).items()}
    check("only the owner reads keys, whatever the umask", all(modes["keys/%s.key" % k] == 0o600 for k in ("root", "policy", "orders")) and
          modes["keys"] == 0o700 and stat.S_IMODE(os.stat(data).st_mode) == 0o700, modes)
    before = tree(data)
    r = epctl("keys", "new", "--data", data)
    check("a second time: refused, nothing touched", r.returncode == 3 and "there already" in r.stderr and tree(data) == before, r.stderr)
    pem = data + "/keys/%s.pem"
    for role, usage in (("policy", ".1"), ("orders", ".2")):
        r = openssl("verify", "-CAfile", pem % "root", "-x509_strict", pem % role)
        check("openssl: the %s certificate is under the root" % role, r.returncode == 0, r.stdout + r.stderr)
        text = openssl("x509", "-in", pem % role, "-noout", "-text").stdout
        check("openssl: it is P-256, signs, is no authority, has our usage", all(w in text for w in ("prime256v1", "Digital Signature", "CA:FALSE", ARC + usage)), text)
        public = openssl("x509", "-in", pem % role, "-noout", "-pubkey").stdout
        check("openssl: the key is the certificate's", openssl("pkey", "-in", data + "/keys/%s.key" % role, "-pubout").stdout == public)
    r = openssl("x509", "-in", pem % "root", "-noout", "-fingerprint", "-sha256")
    check("root.pin is the root's digest", r.stdout.strip().split("=")[1].replace(":", "").lower() == open(data + "/keys/root.pin").read().strip(), r.stdout)


def sign(folder, data):
    source, out = folder + "/p.json", folder + "/p.signed"
    with open(folder + "/p.yaml", "w") as f:
        f.write(POLICY)
    epctl("policy", "build", folder + "/p.yaml", "-o", source)
    r = epctl("policy", "sign", source, "--data", data, "--version", "7", "-o", out)
    check("policy sign", r.returncode == 0 and not r.stderr, r.stderr)
    raw = open(out, "rb").read()
    kind, version, _, cert, sig, size = struct.unpack(">8xB7xQQIII4x", raw[:48])
    check("the header says type, version and sizes", (raw[:8], kind, version, 48 + cert + sig + size) == (b"EPADOC\0\1", 1, 7, len(raw)), raw[:48])
    check("the version is in the policy, too", b'"version":7,' in raw[48 + cert + sig:], raw[-200:])
    for name, piece in (("cert.der", raw[48:48 + cert]), ("sig", raw[48 + cert:48 + cert + sig]), ("signed", raw[:48 + cert] + raw[48 + cert + sig:])):
        with open(folder + "/" + name, "wb") as f:
            f.write(piece)
    with open(folder + "/pub.pem", "w") as f:
        f.write(openssl("x509", "-inform", "DER", "-in", folder + "/cert.der", "-noout", "-pubkey").stdout)
    r = openssl("dgst", "-sha256", "-verify", folder + "/pub.pem", "-signature", folder + "/sig", folder + "/signed")
    check("openssl verifies the signature as policy/signed.h has it", "Verified OK" in r.stdout, r.stdout + r.stderr)
    check("no half-written file is left beside it", not os.path.exists(out + ".new"))
    for title, args, says in (
            ("version 0", (source, "--data", data, "--version", "0", "-o", out), "from 1 up"), ("a version that is none", (source, "--data", data, "--version", "new", "-o", out), "from 1 up"),
            ("a version beyond 63 bits", (source, "--data", data, "--version", "9223372036854775808", "-o", out), "from 1 up"),
            ("YAML", (folder + "/p.yaml", "--data", data, "--version", "8", "-o", out), "p.yaml"), ("a missing file", ("/nowhere", "--data", data, "--version", "8", "-o", out), "/nowhere"),
            ("no keys", (source, "--data", folder + "/none", "--version", "8", "-o", out), "keys new"), ("no output", (source, "--data", data, "--version", "8"), "usage"),
            ("an option twice", (source, "--data", data, "--data", data, "--version", "8", "-o", out), "usage"),
            ("a folder that is not there", (source, "--data", data, "--version", "8", "-o", folder + "/none/x"), "none/x")):
        r = epctl("policy", "sign", *args)
        check("sign with %s: exit 3, says why, the old file stands" % title, r.returncode == 3 and says in r.stderr and open(out, "rb").read() == raw, r.stderr)


def broken_keys(folder, data):
    source, out = folder + "/p.json", folder + "/q.signed"
    path = data + "/keys/policy.key"
    good = open(path, "rb").read()
    other = open(data + "/keys/orders.key", "rb").read()
    encrypted = subprocess.run(["openssl", "pkey", "-in", path, "-aes256", "-passout", "pass:x"], capture_output=True).stdout
    for title, content in (("another's key", other), ("an empty key", b""), ("half a key", good[:100]), ("a key behind a pass phrase", encrypted)):
        with open(path, "wb") as f:
            f.write(content)
        r = epctl("policy", "sign", source, "--data", data, "--version", "8", "-o", out, stdin=subprocess.DEVNULL)
        check("sign with %s: exit 3, nothing written" % title, r.returncode == 3 and r.stderr.startswith("epctl: ") and not os.path.exists(out), r.stderr)
    with open(path, "wb") as f:
        f.write(good)


def cut_off(folder):
    """Whatever call of the file system keys new is killed at, afterwards there are all keys or none, and the next attempt works."""
    data, killed = folder + "/cut", 0
    for call in ("openat", "write", "fsync", "mkdir", "rename"):
        for when in range(1, 12):
            trace = ["strace", "-f", "-o", "/dev/null", "-P", data, "-P", data + "/keys.new", "-P", data + "/keys", "-e", "inject=%s:signal=KILL:when=%d" % (call, when)]
            for name in ("root", "policy", "orders"):
                for end in ("key", "pem", "pin"):
                    trace += ["-P", "%s/keys.new/%s.%s" % (data, name, end)]
            r = subprocess.run([*trace, BIN + "/epctl", "keys", "new", "--data", data], capture_output=True)
            if r.returncode == 0:
                subprocess.run(["rm", "-rf", data])
                break
            killed += 1
            if os.path.exists(data + "/keys"):
                have = set(os.listdir(data + "/keys"))
                if len(have) != 7:
                    check("cut at %s %d" % (call, when), False, have)
                subprocess.run(["rm", "-rf", data + "/keys"])
            r = epctl("keys", "new", "--data", data)
            if r.returncode != 0 or os.listdir(data) != ["keys"]:
                check("again after a cut at %s %d" % (call, when), False, (r.stderr, os.listdir(data)))
            subprocess.run(["rm", "-rf", data])
    check("killed at %d calls: all keys or none, and the next attempt works" % killed, killed > 20, killed)


def main():
    with tempfile.TemporaryDirectory() as folder:
        data = folder + "/office"
        keys(data)
        sign(folder, data)
        broken_keys(folder, data)
        cut_off(folder)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
