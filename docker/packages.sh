#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# packages.sh SECTION... - installs what is missing of docker/packages.
#
# Asks apt only when something is missing, so it costs nothing on a machine
# that has it all, and needs neither root nor network there.
# Exit: 0 all there, 64 usage, 71 could not install, 77 not root.
set -eu

list=$(dirname "$0")/packages

# The names under [SECTION], one a line.
names() {
    awk -v want="[$1]" '
        { sub(/#.*/, "") }
        /^\[/ { on = ($1 == want); found = found || on; next }
        on && NF { print $1 }
        END { exit !found }' "$list"
}

installed() {
    state=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) || :
    [ "$state" = installed ]
}

[ $# -gt 0 ] || {
    echo "usage: sh docker/packages.sh SECTION... (sections: $list)" >&2
    exit 64
}
command -v dpkg-query >/dev/null || {
    echo "packages.sh: this is no Debian; install what $list names" >&2
    exit 71
}
missing=
for section in "$@"; do
    wanted=$(names "$section") || {
        echo "packages.sh: no section [$section] in $list" >&2
        exit 64
    }
    for package in $wanted; do
        installed "$package" || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

[ "$(id -u)" = 0 ] || {
    echo "packages.sh: missing:$missing" >&2
    echo "packages.sh: run as root: apt-get install$missing" >&2
    exit 77
}
export DEBIAN_FRONTEND=noninteractive
{
    # shellcheck disable=SC2086
    apt-get -q update &&
        apt-get -q install -y --no-install-recommends $missing
} </dev/null || {
    echo "packages.sh: apt-get could not install:$missing" >&2
    exit 71
}
