#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Windows programs under Wine: what they say of a registry that we write, and the shared judge cases judged by epagent.exe. TAP."""
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WINE = os.path.join(TOP, "tests/win32/wine")
PROBE = os.path.join(TOP, "build/win32/bin/epagent-probe.exe")
CHROME = r"HKLM\SOFTWARE\Policies\Google\Chrome"
APP = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\chrome.exe"
SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"


def wine(*args):
    r = subprocess.run([WINE, *args], capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def reg(*args):
    status, out, err = wine("reg", *args)
    if status:
        raise SystemExit("not ok - wine reg %s: %s%s" % (" ".join(args), out, err))


def facts(control):
    status, out, err = wine(PROBE, control)
    if status:
        raise SystemExit("not ok - epagent-probe.exe %s: %s" % (control, err))
    return {f["subject"]: f for f in json.loads(out)["facts"]}


def check(title, good, shown):
    print("%sok - %s%s" % ("" if good else "not ", title, "" if good else ": %s" % shown), flush=True)
    return not good


def main():
    bad = 0
    for key in (CHROME, APP):
        wine("reg", "delete", key, "/f")
    wine("reg", "delete", SYSTEM, "/v", "InactivityTimeoutSecs", "/f")

    f = facts("password_memory")
    bad += check("no browser: unsupported", f.get("host", {}).get("reason") == "no_browser", f)
    reg("add", APP, "/ve", "/d", r"C:\chrome.exe", "/f")
    f = facts("password_memory").get("program:chrome", {})
    bad += check("chrome without a policy remembers passwords", (f.get("value"), f.get("reason")) == ("on", "no_policy"), f)
    reg("add", CHROME, "/v", "PasswordManagerEnabled", "/t", "REG_SZ", "/d", "0", "/f")
    f = facts("password_memory").get("program:chrome", {})
    bad += check("a text instead of a number does not count", (f.get("value"), f.get("reason")) == ("on", "wrong_type"), f)
    reg("add", CHROME, "/v", "PasswordManagerEnabled", "/t", "REG_DWORD", "/d", "0", "/f")
    f = facts("password_memory").get("program:chrome", {})
    bad += check("the machine's policy switches it off for good", (f.get("value"), f.get("fixed")) == ("off", True), f)
    reg("add", CHROME, "/v", "PasswordManagerEnabled", "/t", "REG_DWORD", "/d", "1", "/f")
    f = facts("password_memory").get("program:chrome", {})
    bad += check("a policy of 1 allows it", f.get("value") == "on", f)

    f = facts("screen_lock").get("user:*", {})
    bad += check("no machine limit: unknown, for a screen saver may lock", (f.get("state"), f.get("reason")) == ("unknown", "screen_saver_not_read"), f)
    reg("add", SYSTEM, "/v", "InactivityTimeoutSecs", "/t", "REG_DWORD", "/d", "600", "/f")
    f = facts("screen_lock").get("user:*", {})
    bad += check("the machine's limit in seconds", (f.get("value"), f.get("fixed")) == (600, True), f)
    for control in ("disk_encryption", "antivirus_running", "antivirus_signatures", "usb_storage"):
        f = facts(control).get("host", {})
        bad += check("%s is unknown and says so" % control, f.get("reason") == "windows_not_read", f)
    status, _, err = wine(PROBE, "--root", "C:\\")
    bad += check("--root is refused with what to do instead", status == 3 and "--facts" in err, err)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
