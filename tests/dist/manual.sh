#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Every key that the program reads from its files is in the manual, and no
# other: the tables in the sources are compared with the pages.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# keys FILE...: the names in the tables of keys.
keys() {
    awk '/zpl_key [a-z_]*keys\[\]/ { on = 1 }
         on { print }
         on && /;/ { on = 0 }' "$@" |
        grep -o '{"[a-z-]*"' | tr -d '{"' | sort -u
}

# described PAGE: the names in its lists.
described() {
    sed -n 's/^\.It Cm //p' "$1" | tr -d ' ' | tr ',' '\n' | sort -u
}

compare() { # PAGE SOURCE...
    page=$1
    shift
    keys "$@" >"$work/read"
    described "$top/node/dist/man/$page" >"$work/described"
    [ -s "$work/read" ] || {
        echo "no table of keys in $*"
        bad=1
    }
    for key in $(comm -23 "$work/read" "$work/described"); do
        grep -q "^\.Cm $key\$" "$top/node/dist/man/$page" || {
            echo "$page does not describe '$key'"
            bad=1
        }
    done
    for key in $(comm -13 "$work/read" "$work/described"); do
        echo "$page describes '$key', which the program does not read"
        bad=1
    done
}

compare cimesh.zpl.5 "$top"/node/settings*.c
compare cimesh-roster.5 "$top"/node/roster_file.c
exit $bad
