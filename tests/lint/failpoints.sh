#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# failpoints.sh - every failpoint of the list stands in the code, and once.
set -eu
cd "$(dirname "$0")/../../node"

list=$(sed -n 's/^ *X(\([A-Z_]*\), .*/\1/p' failpoint_list.h)
bad=0 n=0
for name in $list; do
    n=$((n + 1))
    places=$(cat ./*.c | grep -c "FAILPOINT($name)") || true
    [ "$places" = 1 ] || {
        echo "failpoint $name stands in $places places, not in one"
        bad=1
    }
done
[ "$n" -gt 40 ] || {
    echo "no list of failpoints found"
    bad=1
}
[ "$bad" = 0 ] && echo "$n failpoints, each in its place"
