#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# pkgconfig.sh BUILD CMAKE CC [FLAGS...] - the installed library is usable.
#
# Installs component dev into a scratch folder, compiles seal.c against what is
# there and nothing else, and runs it. Every installed header also has to
# compile alone, so that none needs one that is not installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1 cmake=$2 cc=$3
shift 3

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$cmake" --install "$build" --component dev --prefix "$scratch/to" \
    >"$scratch/log" || {
    cat "$scratch/log"
    exit 1
}
mv "$scratch/to" "$scratch/moved" # cimesh.pc finds itself wherever it is

pc=$(find "$scratch/moved" -name cimesh.pc)
[ -n "$pc" ] || {
    echo "cimesh.pc was not installed"
    exit 1
}
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
flags=$(pkg-config --cflags --libs cimesh)

n=0
cd "$scratch/moved/include/cimesh"
for header in */*.h; do
    echo "#include \"$header\"" >"$scratch/alone.c"
    # shellcheck disable=SC2046
    "$cc" -std=c11 -Wall -Wextra -Werror -fsyntax-only \
        $(pkg-config --cflags cimesh) "$scratch/alone.c"
    n=$((n + 1))
done
[ "$n" -gt 10 ]

cd "$scratch"
# shellcheck disable=SC2086
"$cc" -std=c11 -Wall -Wextra -Werror "$@" "$here/seal.c" $flags -o seal
./seal
