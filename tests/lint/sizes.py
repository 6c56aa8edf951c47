#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions: none over 80 lines, 95 of 100 at most 50, half at most 15. Files: at most 600 lines, headers 120. Needs universal-ctags."""
import json
import subprocess
from lint import PRODUCT, finish, read, report

AIM_PARAMETERS, MOST_PARAMETERS = 4, 6  # beside `err`; over the aim is counted, over the most is refused


def functions():
    out = subprocess.run(["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+neS", "--output-format=json", "-f", "-", "-L", "-"],
                         input="\n".join(p for p in PRODUCT if p.endswith(".c")), capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield tag["path"], tag["name"], tag["end"] - tag["line"] + 1, tag.get("signature", "")


def files():
    for path in PRODUCT:
        lines, most = read(path).count("\n"), 120 if path.endswith(".h") else 600
        if lines > most:
            yield "%s: %d lines, at most %d: one noun a file; what is its second noun?" % (path, lines, most)


def parameters(signature):
    """How many beside err; 0 where commas do not count them (printf-like, pointers to functions)."""
    plain = "..." not in signature and signature.count("(") == 1
    return len([p for p in signature.strip("()").split(",") if "struct err *" not in p]) if plain else 0


def long_functions(all_of):
    for path, name, size, signature in all_of:
        if size > 80:
            yield "%s: %s has %d lines, at most 80: give its steps names" % (path, name, size)
        if parameters(signature) > MOST_PARAMETERS:
            yield "%s: %s has %d parameters beside err, at most %d: they may be one struct" % (path, name, parameters(signature), MOST_PARAMETERS)


def spread(all_of):
    sizes = sorted(size for _, _, size, _ in all_of)
    if sizes:
        median, p95 = sizes[len(sizes) // 2], sizes[int(len(sizes) * 0.95)]
        many = sum(parameters(signature) > AIM_PARAMETERS for _, _, _, signature in all_of)
        print("# report: %d functions, median %d lines, p95 %d, longest %d; %d with more than %d parameters" % (
            len(sizes), median, p95, sizes[-1], many, AIM_PARAMETERS))
        if median > 15 or p95 > 50:
            yield "functions: median %d (at most 15), p95 %d (at most 50)" % (median, p95)


ALL = list(functions())
finish(report("files are short", list(files())), report("functions are short", list(long_functions(ALL))), report("functions in all", list(spread(ALL))))
