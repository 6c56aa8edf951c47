#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""T115: the private keys that the demo makes are nowhere but in their own files: not in what it prints, logs, records or answers, not in any
process's command line or environment, not in the tree, and not in what a core dump of core would hold."""
import base64
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent import TOP, Tap  # noqa: E402
from demo import copy_for  # noqa: E402


def files_below(folder):
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def private_keys(folder):
    """path -> the forms in which its key could show itself."""
    keys = {}
    for path, text in files_below(folder):
        match = re.search(rb"-----BEGIN (?:EC )?PRIVATE KEY-----(.*?)-----END", text, re.S)
        if not match:
            continue
        der = base64.b64decode(b"".join(match.group(1).split()))
        scalar = der[der.index(b"\x04\x20", der.index(b"\x02\x01\x01")) + 2:][:32]  # ECPrivateKey: version 1, OCTET STRING of 32
        keys[path] = [scalar, scalar[::-1], scalar.hex().encode(), scalar.hex().upper().encode(), match.group(1).split()[1]]
    return keys


def found_in(data, keys):
    return sorted({os.path.basename(path) for path, forms in keys.items() for form in forms if form in data})


def processes():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for part in ("cmdline", "environ"):
            try:
                with open("/proc/%s/%s" % (pid, part), "rb") as f:
                    yield "/proc/%s/%s" % (pid, part), f.read()
            except OSError:
                pass


def dump(pid):
    """What the kernel would write of this process: its private memory without what is marked as not to be dumped."""
    with open("/proc/%d/smaps" % pid, encoding="utf-8") as f:
        maps = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) (\S+)(?:.*\n(?!VmFlags))*.*\nVmFlags:(.*)$", f.read(), re.M)
    with open("/proc/%d/mem" % pid, "rb") as memory:
        for start, end, mode, flags in maps:
            if "w" in mode and " dd" not in flags:
                try:
                    memory.seek(int(start, 16))
                    yield memory.read(int(end, 16) - int(start, 16))
                except OSError:
                    pass


def child_of(folder, name):
    for path, line in processes():
        if path.endswith("cmdline") and folder.encode() in line and line.split(b"\0")[0] == name:
            return int(path.split("/")[2])
    return None


def main(tap):
    folder = copy_for(os.geteuid())
    demo = os.path.join(folder, "build/demo")
    process = None
    try:
        process = subprocess.Popen([os.path.join(folder, "packaging/demo/run")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                                   env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}, start_new_session=True)
        said = b""
        for line in process.stdout:
            said += line
            if b"Ctrl-C" in line:
                break
        keys = private_keys(demo)
        tap.ok(len(keys) >= 2 and any(path.endswith("journal.key") for path in keys), "the demo has made private keys", list(keys))
        tap.ok(all(os.stat(path).st_mode & 0o077 == 0 for path in keys), "each readable for its owner alone")
        tap.ok(found_in(next(iter(keys.values()))[0] + b"x", keys), "a key that is there is found")
        tap.ok(not found_in(said, keys), "not in what is printed")
        lines = {path: found_in(data, keys) for path, data in processes()}
        tap.ok(not [x for x in lines.items() if x[1]], "not in any command line or environment (%d read)" % len(lines), lines)
        epagent = os.path.join(folder, "build/linux/bin/epagent")
        for command in (["--status", "--json"], ["log", "--json"], ["policy"], ["doctor"]):
            answer = subprocess.run([epagent, *command, "--run", os.path.join(demo, "run")], capture_output=True, check=False)
            tap.ok(answer.returncode < 3 and not found_in(answer.stdout + answer.stderr, keys), "not in what epagent %s says" % command[0], answer)
        core = child_of(folder, b"epagentd")
        try:
            pieces = list(dump(core))
            tap.ok(sum(map(len, pieces)) > 100000 and not found_in(b"\0".join(pieces), keys), "not in what a core dump of core would hold",
                   found_in(b"\0".join(pieces), keys))
        except PermissionError:
            tap.skip("not in a core dump", "its memory may not be read here (ptrace is restricted)")
        os.killpg(process.pid, signal.SIGINT)
        process.wait(15)
        elsewhere = {path: found_in(data, keys) for path, data in files_below(folder) if path not in keys}
        tap.ok(len(elsewhere) > 10 and not [x for x in elsewhere.items() if x[1]], "not in any other file: journal, log, documents",
               [x for x in elsewhere.items() if x[1]])
    finally:
        if process and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(15)
        shutil.rmtree(folder, ignore_errors=True)
    tree = subprocess.run(["git", "-C", TOP, "grep", "-lE", "^-----BEGIN [A-Z ]*PRIVATE KEY-----"], capture_output=True, text=True, check=False)
    tap.ok(not tree.stdout, "no private key is in the tree", tree.stdout)


if __name__ == "__main__":
    sys.exit(Tap().run(main))
