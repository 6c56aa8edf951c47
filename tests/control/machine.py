# SPDX-License-Identifier: Apache-2.0
"""Builds a machine in a folder from layers.

A layer is a text file, tests/fixtures/<control>/<name>.tree or tests/fixtures/common/<name>.tree. Lines that begin with "== " start
an entry, what follows up to the next one is its content:

    == etc/passwd [uid=0] [gid=0] [mode=0644] [mtime=2026-11-22T00:00:00Z]      a file
    == home/sato/ [uid=...] [mode=...]                                          a folder
    == home/sato/link -> /etc/shadow                                            a symlink
    == run/pipe fifo                                                            a FIFO
    == var/big sparse=1073741824                                                a file of zeros without blocks
    == sys/x bytes                                                              content is hexadecimal
    == etc/dconf/db/local dconf                                                 content is keyfiles, compiled by the real `dconf compile`;
                                                                                lines below a "[locks]" line are locked keys
    == etc/x nonl                                                               no newline at the end
    == proc/1/mountinfo append                                                  adds to what an earlier layer wrote
    == etc/x remove                                                             takes away what an earlier layer made

"${name}" in a layer stands for a parameter given in the case: layer(name=value, ...); "${name:-default}" has a default. Later layers win.
Lines before the first "== " are comment. Owners need root; without it only uid 0 (the folder's owner) can be made.
"""
import calendar
import os
import re
import shutil
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), "fixtures")


class NeedsRoot(Exception):
    pass


def find_layer(control, name):
    for folder in (control, "common"):
        path = os.path.join(FIXTURES, folder, name + ".tree")
        if os.path.exists(path):
            return path
    raise FileNotFoundError("no layer %s in tests/fixtures/%s or common" % (name, control))


def fill(text, params, where):
    def one(match):
        name, _, default = match.group(1).partition(":-")
        if name in params:
            return params[name]
        if ":-" in match.group(1):
            return default
        raise KeyError("%s: parameter %s is not given" % (where, name))
    return re.sub(r"\$\{([^}]*)\}", one, text)


def entries(control, name, params):
    path = find_layer(control, name)
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        text = fill(f.read(), params, path)
    for part in re.split(r"^== ", text, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        yield head, body


def compile_dconf(target, body):
    with tempfile.TemporaryDirectory() as d:
        keys, _, locks = body.partition("[locks]\n")
        os.makedirs(d + "/locks")
        with open(d + "/00-keys", "w") as f:
            f.write(keys)
        with open(d + "/locks/00-locks", "w") as f:
            f.write(locks)
        subprocess.run(["dconf", "compile", target, d], check=True)


def write_entry(path, kind, words, body):
    if os.path.lexists(path) and kind != "append" and not (kind == "folder" and os.path.isdir(path)):
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    if kind == "remove":
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "folder":
        os.makedirs(path, exist_ok=True)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "dconf":
        compile_dconf(path, body)
    elif kind == "sparse":
        with open(path, "wb") as f:
            f.truncate(int(words["sparse"]))
    else:
        data = bytes.fromhex(body) if kind == "bytes" else body.encode("utf-8", "surrogateescape")
        with open(path, "ab" if kind == "append" else "wb") as f:
            f.write(data[:-1] if kind == "nonl" and data.endswith(b"\n") else data)


def add_entry(root, head, body):
    if " -> " in head:
        name, target = head.split(" -> ", 1)
        path = os.path.join(root, name.strip())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(target.strip(), path)
        return
    first, *rest = head.split()
    words = dict(w.partition("=")[::2] for w in rest)
    kind = next((k for k in ("remove", "fifo", "sparse", "dconf", "bytes", "nonl", "append") if k in words), "folder" if first.endswith("/") else "file")
    path = os.path.join(root, first.rstrip("/"))
    write_entry(path, kind, words, body)
    if kind == "remove":
        return
    os.chmod(path, int(words.get("mode", "0755" if kind == "folder" else "0644"), 8))
    if "uid" in words or "gid" in words:
        if os.geteuid() != 0:
            raise NeedsRoot("%s: owners can be set by root only" % first)
        os.chown(path, int(words.get("uid", 0)), int(words.get("gid", words.get("uid", 0))))
    if "mtime" in words:
        at = calendar.timegm(time.strptime(words["mtime"], "%Y-%m-%dT%H:%M:%SZ"))
        os.utime(path, (at, at))


def parse_layers(text):
    """'debian gnome(idle=600, lock=true)' -> [('debian', {}), ('gnome', {...})]"""
    for match in re.finditer(r"([\w.+-]+)(?:\(([^)]*)\))?", text):
        params = dict(p.strip().partition("=")[::2] for p in (match.group(2) or "").split(",") if p.strip())
        yield match.group(1), params


def build(root, control, layers):
    os.makedirs(os.path.join(root, "etc"), exist_ok=True)
    os.chmod(root, 0o755)
    for name, params in parse_layers(layers):
        for head, body in entries(control, name, params):
            add_entry(root, head, body)
