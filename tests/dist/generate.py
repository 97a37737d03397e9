#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""generate.py [--check] - cimesh(1) and the completions, from `cimesh help`.

The table of subcommands in the program is the one source: this asks the
program ($CIMESH_BIN) for its help and writes node/dist/man/cimesh.1 and
node/dist/completions/. With --check nothing is written: a file that differs
is named, and the exit code is 1. So the texts cannot drift from the program.
"""
import os
import re
import subprocess
import sys

DIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "node", "dist")
BIN = os.environ.get("CIMESH_BIN", "cimesh")


def help_text(*words):
    return subprocess.run([BIN, "help", *words], check=True, capture_output=True,
                          text=True).stdout


class Command:
    """One subcommand as its help shows it."""

    def __init__(self, name):
        self.name = name
        examples, rest = help_text(name).split("\n\nUsage: cimesh ", 1)
        self.examples = [line[4:] for line in examples.splitlines()[1:]]
        lines = rest.splitlines()
        end = next(i for i, line in enumerate(lines) if re.match(r" {4}\S", line))
        self.usage = " ".join(line.strip() for line in lines[:end])[len(name):].strip()
        self.summary = lines[end].strip()
        self.text = lines[end + 1:]
        while self.text and not self.text[0]:
            self.text.pop(0)

    @property
    def options(self):
        """(option, takes a value, what it does), as listed in the text."""
        found = {}
        for line in self.text:
            m = re.match(r" {4}(--?[A-Za-z][a-z-]*)((?:[ =|]\S+)*)(?: {2,}(.*))?$", line)
            if m:
                found.setdefault(m[1], (m[1], bool(m[2]), (m[3] or "").strip()))
        for option in re.findall(r"(?<![\w-])--[a-z-]+", self.usage):
            value = re.search(re.escape(option) + r"[ =][A-Z|a-z]", self.usage)
            found.setdefault(option, (option, bool(value), ""))
        return sorted(found.values())

    @property
    def words(self):
        """The subcommand's own subcommands: `add`, `show`, ..."""
        parts = re.split(r"\s*\|\s*", self.usage.strip("[] "))
        firsts = [re.match(r"\[?([a-z][a-z-]+)(?=[\s\[\]]|$)", p) for p in parts]
        return [m[1] for m in firsts if m] if firsts[0] else []


def commands():
    names = re.findall(r"^ {4}([a-z]+) {2,}\S", help_text().split("\nCommands:\n")[1]
                       .split("\n\n")[0], re.M)
    hidden = {"failpoints"}  # of test builds only
    return [Command(n) for n in names if n != "help" and n not in hidden]


# ---- man page ----------------------------------------------------------------

HEAD = r""".\" SPDX-License-Identifier: MPL-2.0
.\" Made by tests/dist/generate.py from `cimesh help`; do not edit.
.Dd November 22, 2026
.Dt CIMESH 1
.Os
.Sh NAME
.Nm cimesh
.Nd a mesh for CI events between communities, without a broker
.Sh SYNOPSIS
.Nm
.Op Fl -dir Ar DIR
.Op Fl -json
.Op Ar command Op Ar argument ...
.Nm
.Cm help
.Op Ar command | Cm api
.Sh DESCRIPTION
Every community runs a node.
A CI job tells its node what happened: an artifact was created, a baseline was
defined, a confidence level was modified, or something of a type of its own.
The node signs the event, keeps it and publishes it; nodes of other communities
that follow the topic check it, keep it and start their own CI through hooks.
.Pp
Without a command
.Nm
says in a few lines how the node of this site is.
.Pp
Data goes to standard output, talk to standard error.
.Sh OPTIONS
They may stand before or after the command.
"""

TAIL = r""".Sh ENVIRONMENT
.Bl -tag -width CIMESH_LOG
.It Ev CIMESH_DIR
the site directory when
.Fl -dir
is not given; without both it is
.Pa /etc/cimesh
.It Ev CIMESH_API
where there is no site directory: the socket of the node to speak with, for
jobs that share the socket and nothing else
.It Ev CIMESH_LOG
how much the node says:
.Cm debug , info
or
.Cm warn
.It Ev NO_COLOR
no colours and no progress lines
.El
.Sh FILES
.Bl -tag -width keys/node.key
.It Pa cimesh.zpl
this node's own choices, see
.Xr cimesh.zpl 5
.It Pa roster/*.zpl
who is trusted, a file for each community, see
.Xr cimesh-roster 5
.It Pa keys/node.key
the node's secret keys, for its owner's eyes only
.It Pa data/cimesh.db
all that was said and heard
.It Pa run/api.sock
the local HTTP interface, see
.Cm cimesh help api
.El
.Sh SEE ALSO
.Xr cimesh-roster 5 ,
.Xr cimesh.zpl 5 ,
.Xr cimesh-node 8
"""


def roff(text):
    """Text as it stands: no request, no escape, no hyphen turned to a dash."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def literal(lines):
    return [".Bd -literal -offset indent", *map(roff, lines), ".Ed"]


def man_page(all_commands):
    top = help_text()
    out = [HEAD.rstrip("\n"), ".Bl -tag -width Ds"]
    for option, rest in re.findall(r"^ {4}(--\S+(?: [A-Z]+)?) {2,}(.*)$",
                                   top.split("\nOptions")[1], re.M):
        out += [f".It {roff(option)}", roff(rest)]
    out += [".El", ".Sh COMMANDS"]
    for c in all_commands:
        out += [f".Ss cimesh {c.name}", roff(c.summary[0].upper() + c.summary[1:] + "."),
                ".Pp", "Usage:"] + literal([f"cimesh {c.name} {c.usage}".strip()])
        if c.text:
            out += literal(c.text)
        out += ["Examples:"] + literal(c.examples)
    exits = top.split("\nExit codes: ")[1].replace("\n", " ").strip().rstrip(".")
    out += [".Sh EXIT STATUS", ".Bl -tag -width 124"]
    for part in exits.split(", "):
        code, meaning = part.split(" ", 1)
        out += [f".It {code}", roff(meaning)]
    return "\n".join(out + [".El"]) + "\n" + TAIL


# ---- completions ---------------------------------------------------------------

MARK = "Made by tests/dist/generate.py from `cimesh help`; do not edit."


def bash(all_commands):
    out = ["# SPDX-License-Identifier: MPL-2.0", f"# bash completion for cimesh. {MARK}",
           "_cimesh() {", "    local word=${COMP_WORDS[COMP_CWORD]} command= i",
           "    for ((i = 1; i < COMP_CWORD; i++)); do",
           "        case ${COMP_WORDS[i]} in", "        --dir) ((i++)) ;;", "        -*) ;;",
           "        *) command=${COMP_WORDS[i]}; break ;;", "        esac", "    done",
           "    local words='--dir --json --help'", "    case $command in",
           "    '') words=\"$words --version help "
           + " ".join(c.name for c in all_commands) + "\" ;;"]
    for c in all_commands:
        more = " ".join(c.words + [o[0] for o in c.options])
        if more:
            out.append(f"    {c.name}) words=\"$words {more}\" ;;")
    out += ["    help) words='api " + " ".join(c.name for c in all_commands) + "' ;;",
            "    esac", "    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --dir ]]; then",
            "        mapfile -t COMPREPLY < <(compgen -d -- \"$word\")",
            "    elif [[ $word == -* || -z $command || $command == help ]]; then",
            "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")", "    else",
            "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\"; "
            "compgen -f -- \"$word\")",
            "    fi", "}", "complete -o filenames -F _cimesh cimesh"]
    return "\n".join(out) + "\n"


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh(all_commands):
    plain = str.maketrans({"[": "(", "]": ")", ":": " -"})
    out = ["#compdef cimesh", "# SPDX-License-Identifier: MPL-2.0",
           f"# zsh completion for cimesh. {MARK}", "_cimesh() {",
           "    local context state state_descr line", "    typeset -A opt_args",
           "    _arguments -C '--dir[the site directory]:directory:_files -/' "
           "'--json[output for programs]' \\",
           "        '--help[help]' '--version[the version]' '1:command:->command' "
           "'*::argument:->argument'", "    case $state in", "    command)",
           "        local -a commands=("]
    out += ["            " + quoted(f"{c.name}:{c.summary.replace(':', ' -')}")
            for c in all_commands]
    out += ["            'help:help of a command'", "        )",
            "        _describe command commands ;;", "    argument)", "        case $words[1] in"]
    for c in all_commands:
        specs = [quoted(f"{o}[{what.translate(plain)}]" + (":value:_files" if value else ""))
                 for o, value, what in c.options]
        if c.words:
            specs.append(quoted(f"1:word:({' '.join(c.words)})"))
        specs.append("'*:argument:_files'")
        out.append(f"        {c.name}) _arguments {' '.join(specs)} ;;")
    out += ["        help) _arguments '1:command:(api " + " ".join(c.name for c in all_commands)
            + ")' ;;", "        esac ;;", "    esac", "}", '_cimesh "$@"']
    return "\n".join(out) + "\n"


def fish(all_commands):
    none = "complete -c cimesh -n __fish_use_subcommand"
    out = ["# SPDX-License-Identifier: MPL-2.0", f"# fish completion for cimesh. {MARK}",
           "complete -c cimesh -l dir -r -d 'the site directory'",
           "complete -c cimesh -l json -d 'output for programs'",
           "complete -c cimesh -l help -d 'help'",
           f"{none} -l version -d 'the version'", f"{none} -f -a help -d 'help of a command'"]
    for c in all_commands:
        out.append(f"{none} -f -a {c.name} -d {quoted(c.summary)}")
        seen = f"complete -c cimesh -n '__fish_seen_subcommand_from {c.name}'"
        if c.words:
            out.append(f"{seen} -a {quoted(' '.join(c.words))}")
        for option, value, what in c.options:
            kind = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            out.append(f"{seen} {kind}{' -r' if value else ''} -d {quoted(what)}")
    out.append("complete -c cimesh -n '__fish_seen_subcommand_from help' -f -a "
               + quoted("api " + " ".join(c.name for c in all_commands)))
    return "\n".join(out) + "\n"


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    all_commands = commands()
    files = {"man/cimesh.1": man_page(all_commands),
             "completions/cimesh.bash": bash(all_commands),
             "completions/_cimesh": zsh(all_commands),
             "completions/cimesh.fish": fish(all_commands)}
    drifted = []
    for name, text in files.items():
        path = os.path.join(DIST, name)
        if check:
            with open(path) as f:
                if f.read() != text:
                    drifted.append(name)
        else:
            with open(path, "w") as f:
                f.write(text)
    for name in drifted:
        print(f"node/dist/{name} differs from what the program says; "
              "run tests/dist/generate.py with CIMESH_BIN set")
    sys.exit(1 if drifted else 0)


if __name__ == "__main__":
    main()
