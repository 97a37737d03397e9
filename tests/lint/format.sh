#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# format.sh - every C file has the form .clang-format gives it, and its licence
# line. Without clang-format only the latter is checked.
set -eu
cd "$(dirname "$0")/../.."

files=$(find keys proto node tests -name '*.[ch]' | sort)
bad=0
for f in $files; do
    head -n 1 "$f" | grep -qF '/* SPDX-License-Identifier: MPL-2.0 */' || {
        echo "$f:1: the first line is the SPDX licence line"
        bad=1
    }
done
if command -v clang-format >/dev/null; then
    # shellcheck disable=SC2086
    clang-format --dry-run -Werror $files || {
        echo "repair: clang-format -i FILE"
        bad=1
    }
else
    echo "clang-format is not here: only the licence lines were checked"
fi
[ "$bad" = 0 ] && echo "$(echo "$files" | wc -l) files are well formed"
