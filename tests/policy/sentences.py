#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""policy/messages.py refuses sentences that are not whole, and says which and where. Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

GOOD = {"ja": {"a": {"title": "題", "codes": {"bad": "{n}分です。"}, "mend": {"mend_x": "直す"}, "word": {"one": "一"}}},
        "en": {"a": {"title": "title", "codes": {"bad": "{n} minutes."}, "mend": {"mend_x": "mend"}, "word": {"one": "one"}}}}
CASES = [  # what is changed, and what must be said; None: it is good
    ("whole", lambda m: None, None),
    ("a file without its pair", lambda m: m["ja"].update(b={"title": "題"}), "en/b.json: b.title is missing (it is in ja)"),
    ("a key without its pair", lambda m: m["en"]["a"]["codes"].update(more="more"), "ja/a.json: a.more is missing (it is in en)"),
    ("a mend without its pair", lambda m: m["en"]["a"]["mend"].pop("mend_x"), "en/a.json: a.mend_x is missing"),
    ("other parameters", lambda m: m["ja"]["a"]["codes"].update(bad="{m}分です。"), "a.bad has other {params} in ja than in en"),
    ("a parameter less", lambda m: m["ja"]["a"]["codes"].update(bad="分です。"), "a.bad has other {params}"),
    ("the same parameters in another order", lambda m: (m["ja"]["a"].update(x="{p}{q}"), m["en"]["a"].update(x="{q}{p}{q}")), None),
    ("an empty text", lambda m: m["ja"]["a"].update(title=" "), "ja/a.json: a.title must be a text"),
    ("a number", lambda m: m["ja"]["a"].update(title=1), "a.title must be a text"),
    ("a list", lambda m: m["ja"]["a"].update(title=["題"]), "a.title must be a text"),
    ("nested too deeply", lambda m: m["ja"]["a"]["word"].update(one={"two": "二"}), "a.word.one must be a text"),
    ("a stray brace", lambda m: m["en"]["a"]["codes"].update(bad="{n} minutes {"), "a.bad has a brace that is no {param}"),
    ("a parameter with capitals", lambda m: m["en"]["a"]["codes"].update(bad="{N} minutes"), "a.bad has a brace that is no {param}"),
    ("a line break", lambda m: m["en"]["a"].update(title="a\nb"), "a.title has a control character"),
    ("a key with a space", lambda m: m["en"]["a"].update({"b c": "x"}), "the key a.b c has other letters"),
    ("a code and a mend of one name", lambda m: m["en"]["a"]["mend"].update(bad="x"), "a.bad is given twice"),
    ("an array as a file", lambda m: m["en"].update(a=[]), "en/a.json: must be an object"),
]
RAW = [("broken JSON", '{"title": ', "en/a.json: "), ("a key twice", '{"title": "x", "title": "y"}', "the key title is given twice")]


def run(messages, raw=None):
    with tempfile.TemporaryDirectory() as d:
        for language, files in messages.items():
            os.mkdir(os.path.join(d, language))
            for name, content in files.items():
                with open(os.path.join(d, language, name + ".json"), "w", encoding="utf-8") as f:
                    f.write(raw if raw and language == "en" else json.dumps(content))
        r = subprocess.run([sys.executable, "policy/messages.py", d], capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


def verdict(want, status, out, error):
    if want is None:
        return None if status == 0 and '{"a.bad", {' in out and '"a.word.one"' in out and "count" in out else "exit %d: %s" % (status, error)
    return None if status != 0 and want in error and not out else "exit %d, wanted %r, got %r" % (status, want, error)


def main():
    failed, number = 0, 0
    results = []
    for name, change, want in CASES:
        messages = json.loads(json.dumps(GOOD))
        change(messages)
        results.append((name, verdict(want, *run(messages))))
    for name, raw, want in RAW:
        results.append((name, verdict(want, *run(GOOD, raw))))
    status, out, error = run({"ja": {"a": {"q": 'a"b\\c?' + "9"}}, "en": {"a": {"q": "x"}}})
    results.append(("quotes and backslashes", None if r'"a\"b\\c\?9"' in out or r'"a\042b\134c\0779"' in out else out))
    for name, why in results:
        number += 1
        failed += why is not None
        print("not ok %d - %s: %s" % (number, name, why) if why else "ok %d - %s" % (number, name))
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
