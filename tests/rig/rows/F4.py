#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Strings that mean harm, in every text of an event, signed as they are: they
are refused, or come out escaped, in every command, format, log line and hook."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import TOP, Mesh, Row, wait  # noqa: E402
from hostile import Liar  # noqa: E402
from wire import event  # noqa: E402
sys.path.append(os.path.join(TOP, "tests", "vectors"))
from cimesh_wire import Refused as Wrong, spell  # noqa: E402

# Never on a terminal, in a log, or as JSON: what moves, colours, hides or turns text.
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
# In a variable of a hook: nothing that ends or starts a line.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")

ESCAPES = ["\x1b[2J", "\x1b[31mred", "\x1b]0;title\x07", "\x1b]52;c;cm0gLXJm\x07", "\x1bc", "\x9b31m", "\x90q\x9c",
           "\x1b[8mhidden", "\x1b[1A\x1b[2K", "\x1b[?1049h", "\x1b(0", "\x1bP+q544e\x1b\\", "\x1b[6n", "\x07", "\x08\x08\x08"]
TURNS = ["\u202eevil", "\u202dx", "\u2066x\u2069", "\u200ex", "\u200fx", "\u061cx", "\u2067x", "\ufeffx", "x\u2028y",
         "x\u2029y", "\u202a\u202b\u202c"]
LINES = ["a\nb", "a\r\nb", "a\rb", "\n", "a\x0bb", "a\x0cb", "a\x85b", "x\nlevel=fatal NODE-STOP", "x\tb", "\x00", "a\x00b"]
SHELL = ["$(touch x)", "`id`", ";rm -rf /", "'; drop table event; --", '"', "\\", "%s%n%x", "-rf", "--help", "${IFS}",
         "() { :;}; x", "LD_PRELOAD=x", "../../etc/passwd", "<script>alert(1)</script>", "&amp;", "]]>", "%{topic}", "{{x}}"]
ODD = ["", " ", "\u200b", "\u0000", "\U000e0001\U000e0041", "\ud7ff", "\ufffe", "\uffff", "a\u0301" * 50, "x" * 201, "x" * 60_000,
       "\U0001f4a9" * 40, "ａ", "ο𝗱ⅼ", "null", "true", "0", "NaN"]
BYTES = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"a\x80b", b"\xfe\xff", b"\xe2\x82"]


def strings(random):
    """The list, and for a long run words made of its parts."""
    for s in ESCAPES + TURNS + LINES + SHELL + ODD:
        yield s
    for b in BYTES:
        yield b
    while True:
        yield "".join(random.choice(ESCAPES + TURNS + LINES + SHELL + ["x", "é"]) for _ in range(3))


FIELDS = ["projectBranch", "artifactName", "buildUrl", "artifactUrl", "eventType", "eventId", "artifactDigest", "level",
          "result", "ext", "extkey", "unknown"]


def hostile_event(field, s):
    """This string in that field; bytes go in as a str that is none."""
    text = s if isinstance(s, str) else "\x01BYTES\x01"
    topic = "evil/ArtifactCreated/master/"
    more = {"ext": {"evil": text}} if field == "ext" else {"ext": {text: 1}} if field == "extkey" else \
        {"confidenceLevel": {text: "SUCCESS"}} if field == "level" else \
        {"confidenceLevel": {"A": text}} if field == "result" else \
        {"buildUrl": "https://ci/" + text} if field == "buildUrl" else {field: text}
    if field == "projectBranch" and isinstance(s, str):
        try:
            topic = "evil/ArtifactCreated/" + spell(s)
        except Wrong:
            pass
        if len(topic) > 200:
            topic = "evil/ArtifactCreated/x/"
    raw = event(topic, **more)
    if isinstance(s, str):
        return topic, raw
    mark = b"\xa7\x01BYTES\x01"
    return topic, raw.replace(mark, bytes([0xa0 + len(s)]) + s) if mark in raw else raw.replace(b"\x01BYTES\x01", s[:7].ljust(7, b"x"))


HOOK = """#!/bin/sh
env -0 | tr '\\n\\0' '\\001\\n' >> "$0.env"
cat >> "$0.stdin"
echo >> "$0.stdin"
printf '\\033[31mred \\302\\205 \\342\\200\\256 %s\\n' "$CIMESH_ARTIFACT_NAME"
"""

with Row("F4", "strings that mean harm", unit="events", short=1_100, long=12_000) as row, Mesh() as mesh:
    opnfv, evil = mesh.node("opnfv/ci-1").follow("*"), mesh.node("evil/ci-1")
    mesh.befriend()
    hook = os.path.join(row.dir, "hook")
    with open(hook, "w") as f:
        f.write(HOOK)
    os.chmod(hook, 0o755)
    opnfv.extra = f'hooks\n    dump\n        topic = "evil/"\n        exec = "{hook}"\n'
    opnfv.configure()
    opnfv.start()
    liar = Liar(opnfv, evil)
    source, made = strings(row.random), []
    while row.reached < row.target:
        s = next(source)
        for field in FIELDS:
            made.append(hostile_event(field, s))
        row.reached += len(FIELDS)
    for part in (made[i:i + 100] for i in range(0, len(made), 100)):
        for topic, e in part:
            liar.send(topic, liar.author.slice([e]))
        liar.deliver("", [])
    stored = opnfv.status()["stored"]
    row.figure("stored", stored)
    row.figure("refused", opnfv.status()["refused"])
    wait("hooks ran", lambda: os.path.exists(hook + ".stdin"), 30)

    def look(what, text, pattern=RAW):
        bad = pattern.search(text)
        if bad:
            row.violation("F4", f"{what}: {text[max(0, bad.start() - 60):bad.end() + 40]!r}")

    n, newest = str(stored), min(stored, 1000)
    template = "%{projectBranch} %{artifactName} %{buildUrl} %{ext} %{eventType}"
    said = {"log": opnfv.cli("log", "-n", str(newest)), "log --json": opnfv.cli("log", "--json", "-n", str(newest)),
            "log seed": opnfv.cli("log", "--format", "seed", "-n", str(newest)),
            "sub": opnfv.cli("sub", "*", "--since", "all", "-C", n),
            "sub seed": opnfv.cli("sub", "*", "--since", "all", "-C", n, "--format", "seed"),
            "sub template": opnfv.cli("sub", "*", "--since", "all", "-C", n, "--template", template),
            "peers": opnfv.cli("peers"), "status": opnfv.cli("status"), "hooks runs": opnfv.cli("hooks", "runs"),
            "hooks list": opnfv.cli("hooks", "list"), "the log": opnfv.log_text()}
    for what, text in said.items():
        look(what, text)
        if what.startswith("sub") or what in ("log --json", "log seed"):
            due = stored if what.startswith("sub") else newest
            if len(text.splitlines()) != due or text.count("\n") != due:
                row.violation("F4", f"{what}: {text.count(chr(10))} lines for {due} events")
    for line in said["log --json"].splitlines()[:200 if row.long else 20]:
        id_ = json.loads(line)["eventId"]
        for args in ("show", "evil:" + id_), ("show", "evil:" + id_, "--proof"):
            look(" ".join(args), opnfv.cli(*args, code=None))
    for line in said["sub"].splitlines() + said["sub seed"].splitlines():
        json.loads(line)
    with open(hook + ".env", encoding="utf-8", errors="strict") as f:
        for line in f.read().split("\n"):
            if line.startswith("CIMESH_"):
                look("a hook's variable", line, CONTROL)
            elif line and line.split("=")[0] not in ("PATH", "PWD", "SHLVL", "_", "OLDPWD"):
                row.violation("F4", f"a hook has the variable {line[:80]!r}")
    with open(hook + ".stdin", encoding="utf-8", errors="strict") as f:
        for line in f.read().splitlines():
            look("a hook's standard input", line)
            if line:
                json.loads(line)
    liar.close()
