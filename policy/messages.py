#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints policy/messages/{ja,en}/*.json as one C table, sorted by key, for policy/messages.c.

    policy/messages.py policy/messages > build/gen/messages.c

A file NAME.json is an object. A text in it has the key NAME.KEY; a text inside `codes` or `mend` has NAME.KEY too, a text inside any
other object NAME.OBJECT.KEY. Both languages must have the same files, keys and {params}; else this fails and says what is missing where.
"""
import json
import os
import re
import sys

LANGUAGES = ("ja", "en")
PARAM = re.compile(r"\{([a-z_]+)\}")
KEY = re.compile(r"[a-z0-9_*.-]+\Z")


def no_doubles(pairs):
    seen = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError("the key %s is given twice" % key)
        seen[key] = value
    return seen


def flatten(name, value):
    for key, inner in value.items():
        if isinstance(inner, dict):
            for last, text in inner.items():
                yield (".".join((name, last)) if key in ("codes", "mend") else ".".join((name, key, last))), text
        else:
            yield ".".join((name, key)), inner


def read(folder, language, complain):
    texts = {}
    base = os.path.join(folder, language)
    for file in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        path = os.path.join(base, file)
        if not file.endswith(".json"):
            continue
        try:
            with open(path, encoding="utf-8") as f:
                content = json.load(f, object_pairs_hook=no_doubles)
            if not isinstance(content, dict):
                raise ValueError("must be an object")
        except ValueError as e:
            complain("%s: %s" % (path, e))
            continue
        for key, text in flatten(file[:-len(".json")], content):
            if not isinstance(text, str) or not text.strip():
                complain("%s: %s must be a text" % (path, key))
            elif not KEY.match(key):
                complain("%s: the key %s has other letters than a-z 0-9 _ . - *" % (path, key))
            elif re.search(r"[\x00-\x1f\x7f]", text):
                complain("%s: %s has a control character" % (path, key))
            elif re.search(r"[{}]", PARAM.sub("", text)):
                complain("%s: %s has a brace that is no {param}" % (path, key))
            elif key in texts:
                complain("%s: %s is given twice" % (path, key))
            else:
                texts[key] = text
    return texts


def compare(texts, folder, complain):
    ja, en = texts["ja"], texts["en"]
    for missing, there, where in ((set(ja) - set(en), "ja", "en"), (set(en) - set(ja), "en", "ja")):
        for key in sorted(missing):
            complain("%s/%s/%s.json: %s is missing (it is in %s)" % (folder, where, key.split(".")[0], key, there))
    for key in sorted(set(ja) & set(en)):
        if set(PARAM.findall(ja[key])) != set(PARAM.findall(en[key])):
            complain("%s/*/%s.json: %s has other {params} in ja than in en" % (folder, key.split(".")[0], key))


def c_text(text):
    """ASCII only, so that no compiler's idea of the source's encoding matters. A hex escape never runs into a digit."""
    out = []
    for byte in text.encode("utf-8"):
        out.append("\\%03o" % byte if byte < 0x20 or byte > 0x7e or byte in b'"\\?' else chr(byte))
    return '"%s"' % "".join(out)


def main():
    folder, complaints = sys.argv[1], []
    texts = {language: read(folder, language, complaints.append) for language in LANGUAGES}
    compare(texts, folder, complaints.append)
    if complaints:
        sys.exit("\n".join(complaints))
    print("/* Made by policy/messages.py from policy/messages; not to be edited. */")
    print('#include "policy/messages.h"\n')
    print("const struct message message_table[] = {")
    for key in sorted(texts["ja"], key=lambda k: k.encode()):
        print("\t{%s, {%s}}," % (c_text(key), ", ".join(c_text(texts[language][key]) for language in LANGUAGES)))
    print("};\nconst size_t message_count = sizeof message_table / sizeof message_table[0];")


if __name__ == "__main__":
    main()
