#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks Debian's Chromium, by its own chrome://policy page, what it makes of each variant of policy files, and compares our probe. TAP.

Every variant is written into a private /etc/chromium/policies; the running Chromium reads them anew on its page's "reload". A number in
the recommended folder, written last, tells which state the page shows.
"""
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser

BASE = "/etc/chromium/policies/"
POLICY = "PasswordManagerEnabled"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-crash-reporter", "--remote-debugging-pipe"]
LISTEN = """(async () => { window.cr = await import('chrome://resources/js/cr.js');
    window.cr.addWebUiListener('policies-updated', (names, values) => { window.shown = values; }); chrome.send('listenPoliciesUpdates'); })()"""
POLICIES = "JSON.stringify(window.shown ? window.shown.policyGroups.chrome.policies : {})"


class Chromium:
    """Headless, spoken to over its debugging pipe: JSON messages that end in a NUL."""

    def __init__(self):
        home = browser.new_home()
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()
        command = browser.as_clerk(["/usr/bin/chromium"] + FLAGS + ["--user-data-dir=" + home + "/profile", "about:blank"])
        shell = ["bash", "-c", 'exec 3<&%d 4>&%d; exec "$@"' % (to_read, from_write), "bash"]
        self.process = subprocess.Popen(shell + command, pass_fds=(to_read, from_write), cwd="/", env=browser.clerk_environment(),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_read)
        os.close(from_write)
        self.number, self.rest, self.session = 0, b"", None
        target = self.ask("Target.createTarget", url="chrome://policy")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.until(lambda: self.evaluate("location.href + document.readyState") == "chrome://policy/complete", 20)
        self.evaluate(LISTEN)

    @staticmethod
    def until(condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def message(self, deadline):
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            part = os.read(self.back, 1 << 16)
            if not part:
                raise RuntimeError("Chromium ended")
            self.rest += part
        one, _, self.rest = self.rest.partition(b"\0")
        return json.loads(one)

    def ask(self, method, **params):
        self.number += 1
        request = dict({"id": self.number, "method": method, "params": params}, **({"sessionId": self.session} if self.session else {}))
        os.write(self.to, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + 30
        while True:
            answer = self.message(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]

    def evaluate(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def policies(self, mark, seconds=10):
        """What the page shows once it has read the state that `mark` was written after; None if it never does."""
        shown = {}

        def reloaded():
            self.evaluate("window.cr.sendWithPromise('reloadPolicies'); 0")
            time.sleep(0.04)
            shown.clear()
            shown.update(json.loads(self.evaluate(POLICIES)))
            return shown.get("EpagentMark", {}).get("value") == mark
        return shown if self.until(reloaded, seconds) else None

    def close(self):
        browser.stop(self.process)


def says(value, **more):
    return json.dumps(dict({POLICY: value}, **more))


OFF, ON, TEXT = says(False), says(True), says("false")
# title | files: path below /etc/chromium/policies -> content or (content, mode) | our reason (None: passes; "is_on": on by policy)
VARIANTS = [
    ("no file", {}, "no_policy"),
    ("managed off", {"managed/a.json": OFF}, None),
    ("managed on", {"managed/a.json": ON}, "is_on"),
    ("recommended off", {"recommended/a.json": OFF}, "recommended_only"),
    ("managed on over recommended off", {"managed/a.json": ON, "recommended/a.json": OFF}, "is_on"),
    ("managed off over recommended on", {"managed/a.json": OFF, "recommended/a.json": ON}, None),
    ("a string is no boolean", {"managed/a.json": TEXT}, "wrong_type"),
    ("0 is no boolean", {"managed/a.json": says(0)}, "wrong_type"),
    ("null is no boolean", {"managed/a.json": says(None)}, "wrong_type"),
    ("a list is no boolean", {"managed/a.json": says([False])}, "wrong_type"),
    ("a string hides recommended off", {"managed/a.json": TEXT, "recommended/a.json": OFF}, "wrong_type"),
    ("two files disagree, off last", {"managed/a.json": ON, "managed/b.json": OFF}, "conflict"),
    ("two files disagree, on last", {"managed/a.json": OFF, "managed/b.json": ON}, "conflict"),
    ("off, then a string", {"managed/a.json": OFF, "managed/b.json": TEXT}, "conflict"),
    ("a string, then off", {"managed/a.json": TEXT, "managed/b.json": OFF}, "conflict"),
    ("two files agree", {"managed/a.json": OFF, "managed/b.json": OFF}, None),
    ("the order is of bytes: 10 before 9", {"managed/10.json": ON, "managed/9.json": OFF}, "conflict"),
    ("broken JSON", {"managed/a.json": OFF + "}"}, "broken_json"),
    ("broken JSON drops that file only", {"managed/a.json": ON + "}", "managed/b.json": OFF}, None),
    ("bad UTF-8", {"managed/a.json": says(False, X="?").replace("?", "\xff").encode("latin-1")}, "broken_json"),
    ("not readable by the user", {"managed/a.json": (OFF, 0o600)}, "not_readable_by_user"),
    ("an unreadable file does not disagree", {"managed/a.json": (ON, 0o640), "managed/b.json": OFF}, None),
    ("comments", {"managed/a.json": "// one\n/* two */" + OFF}, None),
    ("a byte order mark", {"managed/a.json": b"\xef\xbb\xbf" + OFF.encode()}, None),
    ("a trailing comma", {"managed/a.json": OFF[:-1] + ",}"}, None),
    ("a hidden file", {"managed/.a.json": OFF}, None),
    ("a hidden file disagrees", {"managed/.a.json": ON, "managed/b.json": OFF}, "conflict"),
    ("a .bak file", {"managed/a.json.bak": OFF}, None),
    ("a .bak file disagrees", {"managed/a.json": OFF, "managed/a.json.bak": ON}, "conflict"),
    ("no extension", {"managed/a": OFF}, None),
    ("a subfolder", {"managed/more/a.json": OFF}, "no_policy"),
    ("the folder above", {"a.json": OFF}, "no_policy"),
    ("a doubled key, off last", {"managed/a.json": '{"%s": true, "%s": false}' % (POLICY, POLICY)}, None),
    ("a doubled key, on last", {"managed/a.json": '{"%s": false, "%s": true}' % (POLICY, POLICY)}, "is_on"),
    ("the key's case counts", {"managed/a.json": OFF.lower()}, "no_policy"),
    ("as Firefox writes it", {"managed/a.json": '{"policies": %s}' % OFF}, "no_policy"),
    ("a list", {"managed/a.json": "[%s]" % OFF}, "broken_json"),
    ("an empty file", {"managed/a.json": ""}, "broken_json"),
    ("a link to a file of root", {"managed/a.json": "-> /mnt/linked.json"}, None),
    ("a link to nowhere", {"managed/a.json": OFF, "managed/b.json": "-> /nowhere"}, None),
    ("a link to a folder", {"managed/a": "-> /mnt/linked"}, "no_policy"),
]


def make(files):
    shutil.rmtree(BASE, ignore_errors=True)
    os.makedirs(BASE + "managed")
    for path, content in files.items():
        content, mode = content if isinstance(content, tuple) else (content, 0o644)
        if isinstance(content, str) and content.startswith("-> "):
            os.symlink(content[3:], BASE + path)
        else:
            browser.write(BASE + path, content, mode)


class Suite:
    def __init__(self):
        self.tap = browser.Tap()
        self.chromium = Chromium()
        self.mark = 0

    def shown(self, seconds=10):
        self.mark += 1
        browser.write(BASE + "recommended/zz-mark.json", json.dumps({"EpagentMark": self.mark}))
        return self.chromium.policies(self.mark, seconds)

    def compare(self, title, entry, reason):
        """`entry` is the page's row for the policy. Ours passes if and only if the real one is off, mandatory, valid and undisputed."""
        disputed = bool(entry) and any(c["level"] == "mandatory" for c in entry.get("conflicts", []))
        real = bool(entry) and entry["value"] is False and entry["level"] == "mandatory" and not entry.get("error") and not disputed
        value, fixed, why = browser.our_fact("program:chromium")
        ours = value == "off" and fixed
        got = None if ours else why or "is_on"
        self.tap.check(ours == real and got == reason, "chromium: " + title,
                       "page %s; ours %s %s %s; wanted %s" % (json.dumps(entry), value, fixed, why, reason))

    def variants(self):
        browser.write("/mnt/linked.json", OFF)
        browser.write("/mnt/linked/a.json", OFF)
        for title, files, reason in VARIANTS:
            make(files)
            shown = self.shown()
            self.compare(title, None if shown is None else shown.get(POLICY), reason)

    def closed_folders(self):
        """A folder that the user may not list or pass; the mark is not seen then if it lies behind."""
        for title, folder, mode in (("managed folder cannot be listed", "managed", 0o711), ("managed folder cannot be passed", "managed", 0o744)):
            make({"managed/a.json": OFF})
            browser.chmod(BASE + folder, mode)
            shown = self.shown()
            self.compare(title, None if shown is None else shown.get(POLICY), "not_readable_by_user")

    def dialects(self):
        """Every line of dialects.txt, all in one reading."""
        rows = []
        with open(os.path.join(browser.TOP, "tests/fixtures/password_memory/dialects.txt"), encoding="ascii") as f:
            rows = [re.match(r"(yes|no) (yes|no) (.*)\n", line).groups() for line in f if not line.startswith("#")]
        make({})
        for i, (_, _, text) in enumerate(rows):
            browser.write(BASE + "managed/%03d.json" % i, urllib.parse.unquote_to_bytes(text).replace(b'"K"', b'"Dialect%03d"' % i))
        shown = self.shown() or {}
        wrong = [text for i, (want, _, text) in enumerate(rows) if ("Dialect%03d" % i in shown) != (want == "yes")]
        self.tap.check(not wrong, "chromium: %d texts are taken or refused as recorded" % len(rows), " ".join(wrong))

    def enforcing(self):
        make({"managed/theirs.json": says(True).replace(POLICY, "PrintingEnabled")})
        os.makedirs("/mnt/state", mode=0o700)
        tool = [os.path.join(browser.TOP, "build/linux/test/test_password_enforce"), "/", "/mnt/state", "program:chromium"]
        for word, reason in (("off", None), ("withdraw", "no_policy")):
            done = subprocess.run(tool + [word], capture_output=True)
            shown = self.shown() or {}
            self.compare("after `%s` by us" % word, shown.get(POLICY), reason)
            self.tap.check(done.returncode == 0 and "PrintingEnabled" in shown, "chromium: `%s` leaves other policies" % word, done.stderr.decode())

    def pipe(self):
        """Chromium waits for a pipe's other end and never reads the folder: we can say nothing."""
        make({"managed/a.json": OFF})
        os.mkfifo(BASE + "managed/pipe")
        hangs = self.shown(2) is None
        value, _, why = browser.our_fact("program:chromium")
        self.tap.check(hangs and (value, why) == ("unknown", "not_a_file"), "chromium: a pipe in the folder", "%s %s %s" % (hangs, value, why))


def main():
    if not os.path.exists("/usr/bin/chromium"):
        browser.skip_all("chromium is not installed (packaging/deps.sh test)")
    browser.enter()
    suite = Suite()
    try:
        suite.variants()
        suite.closed_folders()
        suite.dialects()
        suite.enforcing()
        suite.pipe()
    finally:
        suite.chromium.close()
    suite.tap.end()


if __name__ == "__main__":
    main()
