#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A probe that can see nothing says so: every lookup is made to fail (strace inject), as a fence around the process may do, and no fact may
then be known, nor "there is no such thing on this PC". TAP."""
import json
import os
import shutil
import subprocess
import sys

PROBE = os.environ.get("EPAGENT_BIN", "build/linux/bin") + "/epagent-probe"


def look(error):
    # The first lookups are the loader's own and go by openat; openat2 is what the machine is looked at with.
    r = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=openat2:error=" + error, PROBE], capture_output=True, timeout=60)
    return json.loads(r.stdout)["facts"] if r.returncode == 0 else None


def main():
    if not shutil.which("strace"):
        print("ok 1 - blind # SKIP strace is not installed")
        return 0
    bad = 0
    for error in ("ENOSYS", "EACCES", "EPERM", "EIO", "EMFILE", "EAGAIN"):
        facts = look(error)
        wrong = [f for f in facts or [] if f["state"] != "unknown"]
        ok = facts is None or (len(facts) >= 6 and not wrong)
        bad += not ok
        print("%sok - every lookup fails with %s: all is unknown%s" % ("" if ok else "not ", error, "" if ok else ": %s" % wrong), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
