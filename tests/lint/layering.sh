#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# layering.sh [ROOT | --self-test] - who may include and call what.
#
# Two rules. Layers: node/ -> proto/ -> keys/, includes go this way only and
# are written from the root. Doors: each library is used in its few files and
# nowhere else, so that it can be understood, bounded and replaced there.
#
# --self-test plants one violation of each rule in a small tree and demands
# that it is found, named by file.
set -eu

# ---- the rules -------------------------------------------------------------

# LAYER  what its includes in quotes may start with
layers='
keys    keys/
proto   keys/|proto/
node    keys/|proto/|node/
'

# HEADER (regex)  files that may include it
doors='
sodium\.h        keys/*.c
msgpack          proto/wire.c
jansson\.h       proto/json*.c proto/json_private.h node/http*.c node/http_private.h
sqlite3\.h       node/store*.c node/store_sql.h
curl/            node/http_client.c
microhttpd\.h    node/http*.c node/http_private.h
systemd/         node/notify.c
c?zmq\.h         node/link*.[ch] node/zap.[ch] node/node*.[ch] node/handoff.c node/hook*.[ch] node/http*.[ch] node/zpl.c
'

# CALL (regex)  files that may make it; - is nobody
calls='
zconfig_[a-z_]+                        node/zpl.c
clock_gettime|gettimeofday|timespec_get|zclock_[a-z]+  node/clock.c
zauth(_[a-z_]+)?                       -
zcertstore_[a-z_]+                     -
zcert_(load|save)[a-z_]*               -
zmsg_decode                            -
zmonitor(_[a-z_]+)?                    -
strcpy|strcat|v?sprintf|gets           -
'

# proto/ takes bytes and gives bytes: nothing of the machine.
pure='fopen|open|read|write|socket|time|clock_gettime|gettimeofday|getenv|pthread_[a-z_]+|getrandom|rand'

# ---- the check -------------------------------------------------------------

# allowed FILE GLOB...: is it one of them?
allowed() {
    file=$1
    shift
    for glob in "$@"; do
        # shellcheck disable=SC2254
        case $file in $glob) return 0 ;; esac
    done
    return 1
}

bad=0
# complain RULE FILE GREP-OPTIONS...: every line found is a violation.
complain() {
    rule=$1 file=$2
    shift 2
    if grep -nHE "$@" "$file"; then
        echo "  ^ $rule"
        bad=1
    fi
}

# Globs in the tables stay as written.
set -f

check_file() {
    f=$1
    layer=${f%%/*}
    may=$(echo "$layers" | awk -v l="$layer" '$1 == l { print $2 }')
    if grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$f" |
        grep -vE "\"($may)"; then
        echo "  ^ $layer/ may include only $may, from the root"
        bad=1
    fi
    while read -r header globs; do
        [ -n "$header" ] || continue
        # shellcheck disable=SC2086
        allowed "$f" $globs || complain "the door is $globs" "$f" \
            "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($header)"
    done <<END
$doors
END
    while read -r call globs; do
        [ -n "$call" ] || continue
        # shellcheck disable=SC2086
        allowed "$f" $globs || complain "call for $globs only (- is nobody)" \
            "$f" "(^|[^A-Za-z0-9_])($call)[[:space:]]*\\("
    done <<END
$calls
END
    complain "never these actors" "$f" \
        "zactor_new[[:space:]]*\\([[:space:]]*z(auth|monitor)"
    complain "the time comes from node/clock.h" "$f" \
        "(^|[^A-Za-z0-9_])time[[:space:]]*\\((NULL|0|&)"
    case $f in
    proto/*.c)
        complain "proto/ knows no file, socket, clock or thread" "$f" \
            "(^|[^A-Za-z0-9_])($pure)[[:space:]]*\\("
        ;;
    esac
}

# check ROOT: 0 when it keeps the rules; violations on stdout.
check() {
    cd "$1"
    bad=0 n=0
    for f in $(find keys proto node -name '*.[ch]' | sort); do
        check_file "$f"
        n=$((n + 1))
    done
    [ "$n" -gt 0 ] || {
        echo "no source under $1"
        bad=1
    }
    [ "$bad" = 0 ] && echo "$n files keep the layers and doors"
}

# ---- the check of the check ------------------------------------------------

failed=0
# plant FILE LINE: a tree with just this must be refused, for this file.
plant() {
    mkdir -p "$tmp/keys" "$tmp/proto" "$tmp/node"
    echo "$2" >"$tmp/$1"
    if (check "$tmp") >"$tmp/out" || ! grep -q "^$1:" "$tmp/out"; then
        echo "not found: $1: $2"
        failed=1
    fi
    rm -r "$tmp/keys" "$tmp/proto" "$tmp/node"
}
# keep FILE LINE: a tree with just this is fine.
keep() {
    mkdir -p "$tmp/keys" "$tmp/proto" "$tmp/node"
    echo "$2" >"$tmp/$1"
    (check "$tmp") >"$tmp/out" || {
        echo "wrongly refused: $1: $2"
        failed=1
    }
    rm -r "$tmp/keys" "$tmp/proto" "$tmp/node"
}

self_test() {
    tmp=$(mktemp -d)
    trap 'rm -rf "$tmp"' EXIT
    plant keys/a.c '#include "proto/topic.h"'
    plant proto/a.c '#include "node/store.h"'
    plant proto/a.h '# include "node/store.h"'
    plant node/a.c '#include "store.h"'
    plant node/a.c '#include "tests/unit/a.h"'
    plant node/a.c '#include <sodium.h>'
    plant keys/a.h '#include <sodium.h>'
    plant proto/event.c '#include <msgpack.h>'
    plant proto/wire.h '#include <msgpack/pack.h>'
    plant node/a.c '#include <jansson.h>'
    plant proto/json.h '#include <jansson.h>'
    plant node/mesh_a.c '#include <sqlite3.h>'
    plant node/http.c '#include <curl/curl.h>'
    plant node/a.c '#include <microhttpd.h>'
    plant node/node.c '#include <systemd/sd-daemon.h>'
    plant node/mesh.c '#include <zmq.h>'
    plant proto/a.c '#include <czmq.h>'
    plant node/node.c '    zconfig_t *z = zconfig_load("x");'
    plant node/zap.c '    zactor_t *a = zactor_new(zauth, NULL);'
    plant node/zap.c '    zactor_t *a = zactor_new (zmonitor, s);'
    plant node/zap.c '    zcert_t *c = zcert_load("x");'
    plant node/zap.c '    zcertstore_t *c = zcertstore_new(NULL);'
    plant node/link.c '    zmsg_t *m = zmsg_decode(frame);'
    plant node/link.c '    now = time(NULL);'
    plant node/link.c '    now = zclock_mono();'
    plant node/journal.c '    clock_gettime(CLOCK_REALTIME, &t);'
    plant keys/a.c '    strcpy(a, b);'
    plant keys/a.c '    sprintf(a, b);'
    plant keys/a.c '    gets(a);'
    plant proto/a.c '    now = time(NULL);'
    plant proto/a.c '    f = fopen("x", "r");'
    keep keys/a.c '#include <sodium.h>'
    keep proto/wire.c '#include <msgpack.h>'
    keep node/link_peer.c '#include <czmq.h>'
    keep node/store_read.c '#include <sqlite3.h>'
    keep node/clock.c '    clock_gettime(id, &t);'
    keep node/a.c '    now = clock_wall_ms(); held_time(now);'
    keep node/zpl.c '    zconfig_t *z = zconfig_str_load(s);'
    keep proto/a.c '    snprintf(a, 3, "x"); cim_time(1); /* never zauth */'
    [ "$failed" = 0 ] && echo "every planted violation was found"
}

case ${1:-} in
--self-test) self_test ;;
*) check "${1:-$(dirname "$0")/../..}" ;;
esac
