#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# toplevel.sh - the top of the tree holds what the layout names, no more.
set -eu
cd "$(dirname "$0")/../.."

if git rev-parse --git-dir >/dev/null 2>&1; then
    names=$(git ls-files | cut -d/ -f1 | sort -u)
else
    names=$(ls -A)
fi
extra=$(echo "$names" | grep -vxE \
    'node|proto|keys|tests|docker|build|CMakeLists\.txt|CMakePresets\.json|README\.md|LICENSE|\..*') ||
    extra=
[ -z "$extra" ] || {
    echo "at the top, but not of the layout: $extra"
    exit 1
}
for f in README.md LICENSE .ci/run tests/run.sh docker/demo.sh; do
    [ -e "$f" ] || {
        echo "missing: $f"
        exit 1
    }
done
echo "the top level is as it should be"
