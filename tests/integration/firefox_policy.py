#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks Debian's Firefox ESR what it makes of each variant of policies.json: value and lock of signon.rememberSignons; compares our probe. TAP.

Every variant is written into a private /etc/firefox and a private distribution folder; the running Firefox starts its policies anew by
the notification that its own tests use; the first one it is started with.
"""
import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser

ETC = "/etc/firefox/policies/policies.json"
DISTRIBUTION = "/usr/share/firefox-esr/distribution"  # /usr/lib/firefox-esr/distribution is a link to it
DIST = "/usr/lib/firefox-esr/distribution/policies.json"
PREFS = {"marionette.port": 0, "datareporting.policy.dataSubmissionEnabled": False, "browser.shell.checkDefaultBrowser": False,
         "browser.aboutwelcome.enabled": False, "network.connectivity-service.enabled": False, "network.captive-portal-service.enabled": False,
         "services.settings.server": "data:,", "extensions.update.enabled": False, "app.update.enabled": False,
         "browser.safebrowsing.update.enabled": False}
# The default branch holds what policies set; Marionette itself sets a user's value, which an unlocked setting would show.
LOOK = """done({status: Services.policies.status, value: Services.prefs.getDefaultBranch("").getBoolPref("signon.rememberSignons"),
    locked: Services.prefs.prefIsLocked("signon.rememberSignons"), telemetry: !!(Services.policies.getActivePolicies() || {}).DisableTelemetry});"""
AGAIN = """Services.prefs.unlockPref("signon.rememberSignons");
    Services.prefs.getDefaultBranch("").setBoolPref("signon.rememberSignons", true);
    let topic = "EnterprisePolicies:AllPoliciesApplied";
    Services.obs.addObserver(function seen() { Services.obs.removeObserver(seen, topic); %s }, topic);
    Services.obs.notifyObservers(null, "EnterprisePolicies:Restart");""" % LOOK
PARSE = """let file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile), taken = [];
    for (let name of %s) { file.initWithPath(name); try { JSON.parse(Cu.readUTF8File(file)); taken.push(true); } catch (e) { taken.push(false); } }
    done(taken);"""


class Firefox:
    """Headless, spoken to by Marionette: messages `length:[type, id, ...]` over TCP on the loopback."""

    def __init__(self):
        home = browser.new_home()
        profile = home + "/profile"
        os.mkdir(profile)
        browser.write(profile + "/user.js", "".join("user_pref(%s, %s);\n" % (json.dumps(k), json.dumps(v)) for k, v in PREFS.items()))
        subprocess.run(["chown", "-R", "--reference=" + home, profile], check=True)
        command = ["/usr/bin/firefox-esr", "--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", profile,
                   "about:blank"]
        env = dict(browser.clerk_environment(), MOZ_CRASHREPORTER_DISABLE="1", MOZ_DISABLE_CONTENT_SANDBOX="1")
        self.process = subprocess.Popen(browser.as_clerk(command), cwd="/", env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.number, self.rest = 0, b""
        self.socket = self.connect(profile + "/MarionetteActivePort", time.monotonic() + 40)
        self.receive()
        self.ask("WebDriver:NewSession", capabilities={})
        self.ask("Marionette:SetContext", value="chrome")

    def connect(self, port_file, deadline):
        while True:
            try:
                with open(port_file, encoding="ascii") as f:
                    return socket.create_connection(("127.0.0.1", int(f.read())), timeout=30)
            except (FileNotFoundError, ValueError, ConnectionRefusedError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError("Firefox did not start")
                time.sleep(0.05)

    def more(self):
        part = self.socket.recv(1 << 16)
        if not part:
            raise RuntimeError("Firefox ended")
        self.rest += part

    def receive(self):
        while b":" not in self.rest:
            self.more()
        size, _, self.rest = self.rest.partition(b":")
        while len(self.rest) < int(size):
            self.more()
        body, self.rest = self.rest[:int(size)], self.rest[int(size):]
        return json.loads(body)

    def ask(self, command, **params):
        self.number += 1
        body = json.dumps([0, self.number, command, params]).encode()
        self.socket.sendall(b"%d:%s" % (len(body), body))
        while True:
            answer = self.receive()
            if answer[:2] == [1, self.number]:
                if answer[2]:
                    raise RuntimeError("%s: %s" % (command, answer[2]))
                return answer[3]

    def evaluate(self, script):
        """`script` calls done(value)."""
        return self.ask("WebDriver:ExecuteAsyncScript", script="let done = arguments[arguments.length - 1];" + script, args=[])["value"]

    def close(self):
        browser.stop(self.process)


def policies(members):
    return '{"policies": {%s}}' % members


OFF, ON, OTHER = (policies('"PasswordManagerEnabled": false'), policies('"PasswordManagerEnabled": true'), policies('"DisableTelemetry": true'))
# title | files -> content or (content, mode) | our reason (None: passes; "is_on": on by policy)
VARIANTS = [
    ("no file", {}, "no_policy"),
    ("off in /etc", {ETC: OFF}, None),
    ("off in distribution", {DIST: OFF}, None),
    ("/etc wins over distribution", {ETC: ON, DIST: OFF}, "is_on"),
    ("/etc wins wholly, even if it says nothing about it", {ETC: OTHER, DIST: OFF}, "no_policy"),
    ("no policies at all in /etc", {ETC: policies(""), DIST: OFF}, "no_policy"),
    ("an empty folder in /etc does not win", {"/etc/firefox/policies/": None, DIST: OFF}, None),
    ("an empty file in /etc wins", {ETC: "", DIST: OFF}, "no_policy"),
    ("broken in /etc does not fall back", {ETC: OFF + "}", DIST: OFF}, "broken_json"),
    ("broken in distribution", {DIST: OFF[:-1]}, "broken_json"),
    ("unreadable in /etc does not fall back", {ETC: (OFF, 0o600), DIST: OFF}, "not_readable_by_user"),
    ("unreadable in distribution", {DIST: (OFF, 0o640)}, "not_readable_by_user"),
    ("a folder of that name in /etc", {ETC + "/": None, DIST: OFF}, "broken_json"),
    ("a link to nowhere in /etc falls back", {ETC: "-> /nowhere", DIST: OFF}, None),
    ("a link to root's file", {ETC: "-> /mnt/linked.json"}, None),
    ("another name in the folder", {"/etc/firefox/policies/other.json": OFF}, "no_policy"),
    ("/etc/firefox-esr is not read", {"/etc/firefox-esr/policies/policies.json": OFF}, "no_policy"),
    ("a comment", {ETC: "// off\n" + OFF}, "broken_json"),
    ("a trailing comma", {ETC: policies('"PasswordManagerEnabled": false,')}, "broken_json"),
    ("a byte order mark", {ETC: b"\xef\xbb\xbf" + OFF.encode()}, "broken_json"),
    ("bad UTF-8 in a string", {ETC: policies('"PasswordManagerEnabled": false, "X": "\xff"').encode("latin-1")}, None),
    ("as Chromium writes it", {ETC: '{"PasswordManagerEnabled": false}'}, "broken_json"),
    ("a list", {ETC: "[]"}, "broken_json"),
    ("policies twice, off last", {ETC: '{"policies": {"PasswordManagerEnabled": true}, "policies": {"PasswordManagerEnabled": false}}'}, None),
    ("a key of ours beside policies", {ETC: '{"epagent": {"set_for": ["x"]}, "policies": {"PasswordManagerEnabled": false}}'}, None),
]


def make(files):
    for path in ("/etc/firefox", "/etc/firefox-esr/policies", DISTRIBUTION + "/policies.json"):
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
    for path, content in files.items():
        content, mode = content if isinstance(content, tuple) else (content, 0o644)
        if content is None:
            os.makedirs(path)
        elif isinstance(content, str) and content.startswith("-> "):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(content[3:], path)
        else:
            browser.write(path, content, mode)


class Suite:
    def __init__(self):
        self.tap = browser.Tap()
        make({ETC: OFF})
        self.firefox = Firefox()

    def compare(self, title, real, reasons):
        """Ours passes if and only if the real one is off and locked, unless the order of two keys alone decided."""
        value, fixed, why = browser.our_fact("program:firefox-esr")
        off = real["locked"] and not real["value"]
        got = None if value == "off" and fixed else why or "is_on"
        good = got in reasons and (got is None) == off if "conflict" not in reasons else got == "conflict" and off
        self.tap.check(good, "firefox: " + title, "Firefox %s; ours %s %s %s; wanted %s" % (json.dumps(real), value, fixed, why, reasons))

    def started(self):
        """The program started with the file there says the same as the one that reads it again."""
        self.compare("started with off in /etc", self.firefox.evaluate(LOOK), [None])

    def variants(self):
        browser.write("/mnt/linked.json", OFF)
        for title, files, reason in VARIANTS:
            make(files)
            self.compare(title, self.firefox.evaluate(AGAIN), [reason])

    def closed_folder(self):
        for title, mode, files, reason in (
                ("a folder that the user may not pass does not exist for him", 0o700, {ETC: ON, DIST: OFF}, None),
                ("the same without distribution", 0o700, {ETC: OFF}, "no_policy"),
                ("a folder that can be passed, not listed", 0o711, {ETC: OFF}, None)):
            make(files)
            browser.chmod(os.path.dirname(ETC), mode)
            self.compare(title, self.firefox.evaluate(AGAIN), [reason])

    def rows(self):
        """tests/fixtures/password_memory/firefox_rows.inc, which the unit test of our reader includes."""
        with open(os.path.join(browser.TOP, "tests/fixtures/password_memory/firefox_rows.inc"), encoding="utf-8") as f:
            rows = re.findall(r'^ROW\((".*"), (true|false), (true|false)\)$', f.read(), re.M)
        for text, value, locked in rows:
            members = ast.literal_eval(text)
            make({ETC: policies(members)})
            real = self.firefox.evaluate(AGAIN)
            wrong = (real["value"], real["locked"]) != (value == "true", locked == "true")
            self.tap.check(not wrong, "firefox: as recorded: " + members[:90].replace("#", ""), json.dumps(real))
            if not wrong:
                both = ("PasswordManagerEnabled" in members and '"OfferToSaveLogins":' in members)
                expected = (["conflict"] if both and real["locked"] and not real["value"] and "true" in members and "Default" not in members else
                            [None, "no_policy", "wrong_type", "is_on", "recommended_only", "firefox_locked_on"])
                self.compare("our verdict: " + members[:90].replace("#", ""), real, expected)

    def dialects(self):
        with open(os.path.join(browser.TOP, "tests/fixtures/password_memory/dialects.txt"), encoding="ascii") as f:
            rows = [re.match(r"(yes|no) (yes|no) (.*)\n", line).groups() for line in f if not line.startswith("#")]
        names = ["/mnt/dialects/%03d.json" % i for i in range(len(rows))]
        for name, (_, _, text) in zip(names, rows):
            browser.write(name, urllib.parse.unquote_to_bytes(text))
        taken = self.firefox.evaluate(PARSE % json.dumps(names))
        wrong = [text for (_, want, text), got in zip(rows, taken) if got != (want == "yes")]
        self.tap.check(not wrong, "firefox: %d texts are taken or refused as recorded" % len(rows), " ".join(wrong))

    def enforcing(self):
        make({ETC: OTHER})
        os.makedirs("/mnt/state", mode=0o700)
        tool = [os.path.join(browser.TOP, "build/linux/test/test_password_enforce"), "/", "/mnt/state", "program:firefox-esr"]
        for word, reason in (("off", None), ("withdraw", "no_policy")):
            done = subprocess.run(tool + [word], capture_output=True)
            real = self.firefox.evaluate(AGAIN)
            self.compare("after `%s` by us" % word, real, [reason])
            self.tap.check(done.returncode == 0 and real["telemetry"], "firefox: `%s` leaves other policies" % word, done.stderr.decode())
        with open(ETC, encoding="utf-8") as f:
            self.tap.check(f.read() == OTHER, "firefox: the file is what it was")


def main():
    if not os.path.exists("/usr/bin/firefox-esr"):
        browser.skip_all("firefox-esr is not installed (packaging/deps.sh test)")
    browser.enter()
    shutil.copytree(DISTRIBUTION, "/mnt/distribution")
    subprocess.run(["mount", "--bind", "/mnt/distribution", DISTRIBUTION], check=True)
    suite = Suite()
    try:
        suite.started()
        suite.variants()
        suite.closed_folder()
        suite.rows()
        suite.dialects()
        suite.enforcing()
    finally:
        suite.firefox.close()
    suite.tap.end()


if __name__ == "__main__":
    main()
