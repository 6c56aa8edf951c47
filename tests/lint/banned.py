#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that this house does not use, each with what to use instead."""
import re
from lint import PRODUCT, code_lines, finish, report

BANNED = {
    "system|popen": "fork and exec an absolute path with an argument array (platform/run.h); there is no shell in the product",
    "strcpy|strcat|sprintf|vsprintf|gets|stpcpy|strncat": "snprintf, buf_printf or arena_strdup",
    "strncpy": "snprintf: strncpy leaves strings without an end",
    "strtok|strtok_r": "strcspn and strspn, or a table",
    "atoi|atol|atoll|strtol|strtoul|strtoll|strtoull": "text_to_u64, which refuses what is no number",
    "alloca": "a buf or an arena: both are born with a maximum",
    "tmpnam|tempnam|mktemp": "mkstemp or O_TMPFILE in a folder of our own",
    "access": "open it and look at the error: access() answers for a moment that has passed",
    "rand|srand|random|drand48": "RAND_bytes of libcrypto",
    "localtime|gmtime|ctime|asctime|mktime|strftime|localtime_r": "text_from_instant; everything is UTC",
    "setlocale|strerror_l": "nothing here depends on the locale; messages have their own catalogue",
    "longjmp|setjmp": "return false with an err",
    "dlopen|dlsym": "link it, or leave it",
}
ALLOWED = {  # counted excuses: file -> function -> how often
    # a time shown to a person is shown in that person's zone; nothing is computed from it
    "agent/cli/words.c": {"localtime": 1},
}
PURE = r"fopen|open|openat|read|write|time|clock_gettime|getenv|printf|fprintf|puts|log_line|exit|abort"


def findings():
    for path in PRODUCT:
        found = {}
        for number, line in code_lines(path):
            for names, instead in BANNED.items():
                for match in re.finditer(r"(?<![\w.>])(%s)\s*\(" % names, line):
                    found.setdefault(match.group(1), []).append((number, instead))
            if path.startswith("policy/"):
                for match in re.finditer(r"(?<![\w.>])(%s)\s*\(" % PURE, line):
                    yield "%s:%d: %s in policy/: it is pure; the caller does I/O and gives bytes and the time" % (path, number, match.group(1))
        for name, places in found.items():
            allowed = ALLOWED.get(path, {}).get(name, 0)
            if len(places) > allowed:
                for number, instead in places:
                    yield "%s:%d: %s is banned: use %s" % (path, number, name, instead)
            elif len(places) < allowed:
                yield "%s: tests/lint/banned.py excuses %d times %s, but there are %d: lower the count" % (path, allowed, name, len(places))


finish(report("no banned function", list(findings())))
