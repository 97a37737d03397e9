#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# demo.sh [--keep] - three communities on this machine, from sources to a
# promoted baseline.
#
# ODL and ONAP build artifacts and say so. OPNFV composes a baseline of the
# newest ones, tests it and says how it went; ODL stamps its artifact with
# that, ONAP promotes. One ODL build is broken in a way only OPNFV can see.
# Nothing but the three nightly builds is started from here: all the rest is
# hooks (docker/demo/, made to be copied), each in its own community.
#
# At the end every event in every store is checked: none missing, none twice,
# each proven against its author's key. Exit 0 only if all that holds.
#
#   --keep   leaves everything running and says how to look around
#   CIMESH_BIN=PROGRAM   uses this one and builds nothing
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
keep=no
case ${1:-} in
'') ;;
--keep) keep=yes ;;
*)
    sed -n '3,17s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
patience=60 # seconds for any one thing to happen

say() { printf '\n== %s\n' "$*"; }
fail() {
    printf '\nFAILED: %s\n' "$*"
    exit 1
}

# ---- what it needs -----------------------------------------------------------

if [ -z "${CIMESH_BIN:-}" ]; then
    say "packages and program"
    mkdir -p "$top/build/log"
    sh "$top/docker/packages.sh" build demo >"$top/build/log/demo.log" 2>&1 || {
        cat "$top/build/log/demo.log"
        exit 71
    }
    {
        cmake -S "$top" --preset release -B "$top/build/demo" \
            -DCIM_TESTS=OFF && cmake --build "$top/build/demo"
    } >"$top/build/log/demo.log" 2>&1 || {
        tail -n 20 "$top/build/log/demo.log"
        fail "the build; all of it is in $top/build/log/demo.log"
    }
    CIMESH_BIN=$top/build/demo/node/cimesh
    echo "built $CIMESH_BIN"
else
    sh "$top/docker/packages.sh" demo
fi

tmp=$(mktemp -d /tmp/cimesh-demo-XXXXXX)
mkdir "$tmp/bin" "$tmp/log" "$tmp/post"
ln -s "$CIMESH_BIN" "$tmp/bin/cimesh"
PATH=$tmp/bin:$top/docker/demo:$PATH # hooks get the PATH of their node
export PATH
unset CIMESH_DIR

# ---- starting and stopping ---------------------------------------------------

# run NAME COMMAND...: in the background, until the demo ends.
run() {
    log=$tmp/log/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null &
    echo $! >>"$tmp/pids"
}

# shellcheck disable=SC2317
finish() {
    rc=$?
    trap - EXIT INT TERM
    if [ "$rc" != 0 ] && [ -d "$tmp/log" ]; then
        tail -n 15 "$tmp"/log/*.log
    fi
    if [ "$keep" = yes ] && [ "$rc" = 0 ]; then
        exit 0
    fi
    if [ -e "$tmp/pids" ]; then
        # shellcheck disable=SC2046
        kill $(cat "$tmp/pids") 2>/dev/null || :
        wait
    fi
    rm -rf "$tmp"
    exit "$rc"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# until_true WHAT COMMAND...: asks again until it succeeds.
until_true() {
    what=$1
    shift
    give_up=$(($(date +%s) + patience))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$give_up" ] || fail "$what, after $patience s"
        sleep 0.1
    done
}

# Nine ports in a row that nobody listens on, below those that clients get.
free_ports() {
    base=$((20000 + ($(date +%s) * 9 + $$ * 9) % 12000))
    taken=$(awk 'FNR > 1 { split($2, a, ":"); print a[2] }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null)
    tries=0
    while [ "$tries" -lt 1000 ]; do
        free=yes
        for i in 0 1 2 3 4 5 6 7 8; do
            case $taken in *"$(printf '%04X' $((base + i)))"*) free=no ;; esac
        done
        [ "$free" = no ] || return 0
        base=$((20000 + (base + 9 - 20000) % 12000))
        tries=$((tries + 1))
    done
    fail "no nine free ports in a row between 20000 and 32000"
}

# ---- three sites -------------------------------------------------------------

communities='odl onap opnfv'
at() { # at COMMUNITY ARGS...: cimesh, as one types it there
    site=$1
    shift
    cimesh --dir "$tmp/$site" "$@"
}
url_of() { # the file server of a community
    case $1 in
    odl) echo "http://127.0.0.1:$base" ;;
    onap) echo "http://127.0.0.1:$((base + 1))" ;;
    opnfv) echo "http://127.0.0.1:$((base + 2))" ;;
    esac
}

fingerprint() { at "$1" key show | awk '$1 == "fingerprint" { print $2 }'; }

# hook SITE NAME TOPIC COMMAND: adds a hook to the site's configuration.
hook() {
    sed -i "s|^hooks\$|hooks\n    $2\n        topic = \"$3\"\n\
        exec = \"$top/docker/demo/$4\"|" "$tmp/$1/cimesh.zpl"
    grep -q "^    $2\$" "$tmp/$1/cimesh.zpl" || fail "no hooks in $1/cimesh.zpl"
}

say "three sites: odl, onap, opnfv"
free_ports
port=$((base + 3))
for c in $communities; do
    at "$c" init "$c/ci-1" --endpoint "tcp://127.0.0.1:$port" \
        --sync "tcp://127.0.0.1:$((port + 1))" --contact "releng@$c.example"
    port=$((port + 2))
    mkdir "$tmp/$c/www"
    cp "$tmp/$c/roster/$c.zpl" "$tmp/post/" # sent to the others
done >"$tmp/log/init.log" 2>&1
for c in $communities; do
    for other in $communities; do
        [ "$c" = "$other" ] || at "$c" roster add "$tmp/post/$other.zpl"
    done
done >"$tmp/log/roster.log" 2>&1
for c in $communities; do
    echo "$c/ci-1 $(fingerprint "$c")" >>"$tmp/keys"
    echo "$c/ci-1 signs with $(fingerprint "$c")"
done

{
    at odl follow opnfv/ConfidenceLevelModified/
    at onap follow opnfv/ConfidenceLevelModified/
    at opnfv follow odl/ArtifactCreated/master/
    at opnfv follow odl/ConfidenceLevelModified/
    at opnfv follow onap/ArtifactCreated/master/
} >"$tmp/log/follow.log" 2>&1

www=$tmp/opnfv/www
echo "2023.1, verified" >"$tmp/opnfv/openstack"
hook opnfv baseline-odl odl/ArtifactCreated/master/ \
    "define-baseline $www $(url_of opnfv)"
hook opnfv baseline-onap onap/ArtifactCreated/master/ \
    "define-baseline $www $(url_of opnfv)"
hook opnfv test opnfv/BaselineDefined/ "test-baseline $(url_of opnfv)"
hook odl stamp opnfv/ConfidenceLevelModified/ \
    "stamp-artifact odl $(url_of odl)"
hook onap promote opnfv/ConfidenceLevelModified/ "promote $tmp/onap/promoted"

for c in $communities; do
    u=$(url_of "$c")
    run "www-$c" mini_httpd -D -u "$(id -un)" -h 127.0.0.1 -p "${u##*:}" \
        -d "$tmp/$c/www" -l /dev/null
    run "$c" cimesh --dir "$tmp/$c" node
done
all_up() {
    at "$1" status --json | jq -e '.ready and .peers.up == .peers.all'
}
for c in $communities; do
    until_true "node of $c does not come up" all_up "$c"
    until_true "file server of $c does not answer" \
        curl -sS -o /dev/null "$(url_of "$c")/"
    at "$c" status | head -n 1
done

# ---- the nights --------------------------------------------------------------

# nightly COMMUNITY VERSION [REPORTS]: what a CI server would start.
nightly() {
    c=$1 v=$2
    shift 2
    echo "$c builds $v"
    CIMESH_DIR=$tmp/$c autorelease "$c" "$v" "$tmp/$c/www" "$(url_of "$c")" \
        "$@" >"$tmp/id" || fail "the autorelease job of $c"
    echo "$c:$(cat "$tmp/id")" >>"$tmp/acknowledged"
}

# ids SITE PREFIX...: "COMMUNITY:ID" of each event it holds there.
ids() {
    site=$1
    shift
    at "$site" log "$@" --json |
        jq -r '(.topic | split("/")[0]) + ":" + .eventId'
}

# stamped N: ODL heard of N results and stamped N artifacts.
stamped() { [ "$(ids odl odl/ConfidenceLevelModified/ | wc -l)" = "$1" ]; }

say "night 1: both build"
nightly odl 1.0.0
nightly onap 1.0.0
until_true "odl-1.0.0 is not stamped" stamped 1
say "night 2: ODL builds 1.1.0, whose service reports 1.0.9"
nightly odl 1.1.0 1.0.9
until_true "odl-1.1.0 is not stamped" stamped 2
say "night 3: ODL repairs it"
nightly odl 1.2.0
until_true "odl-1.2.0 is not stamped" stamped 3

# ---- does every store hold what was published? -------------------------------

# holds SITE COMMUNITY PREFIX: the same events as in the author's own store.
holds() {
    ids "$2" "$3" | sort >"$tmp/want"
    ids "$1" "$3" | sort >"$tmp/have"
    [ -s "$tmp/want" ] && cmp -s "$tmp/want" "$tmp/have"
}

# prove SITE: each event it holds, against its roster, as an outsider would.
prove() {
    ids "$1" '*' >"$tmp/held"
    while read -r id; do
        {
            at "$1" show "$id" --proof >"$tmp/proof" &&
                at "$1" verify "$tmp/proof" >"$tmp/word"
        } </dev/null || fail "$1 cannot prove $id"
        grep -q "^ok ${id%%:*}/ci-1 .* $id\$" "$tmp/word" ||
            fail "$1: $id is not proven by its author: $(cat "$tmp/word")"
        echo "$id $1" >>"$tmp/checked"
    done <"$tmp/held"
    twice=$(sort "$tmp/held" | uniq -d)
    [ -z "$twice" ] || fail "$1 holds twice: $twice"
    at "$1" status --json | jq -e '.gaps == 0 and .refused == {}' >/dev/null ||
        fail "$1 has gaps or refused something: $(at "$1" status)"
    echo "$1: $(wc -l <"$tmp/held") events, none twice, each proven"
}

say "what each store holds"
while read -r site author prefix; do
    until_true "$site misses something of $prefix" holds "$site" "$author" "$prefix"
    echo "$site: $(wc -l <"$tmp/have") of $(wc -l <"$tmp/want") $prefix"
done <<END
odl opnfv opnfv/ConfidenceLevelModified/
onap opnfv opnfv/ConfidenceLevelModified/
opnfv odl odl/ArtifactCreated/master/
opnfv odl odl/ConfidenceLevelModified/
opnfv onap onap/ArtifactCreated/master/
END
for c in $communities; do
    prove "$c"
done
while read -r id; do # what a job was told is kept is in both stores
    for c in "${id%%:*}" opnfv; do
        grep -q "^$id $c\$" "$tmp/checked" || fail "$c has lost $id"
    done
done <"$tmp/acknowledged"

# ---- did it go as told? ------------------------------------------------------

for c in $communities; do
    at "$c" log "$c/" --json
done >"$tmp/said"

# expect WHAT COUNT JQ-CONDITION
expect() {
    n=$(jq -s "[.[] | select($3)] | length" "$tmp/said")
    [ "$n" = "$2" ] || fail "$1: $n instead of $2"
}
expect "artifacts of ODL" 3 '.node == "odl/ci-1" and .eventType == "ArtifactCreated"'
expect "artifacts of ONAP" 1 '.node == "onap/ci-1"'
expect "baselines" 3 '.eventType == "BaselineDefined"'
expect "accepted baselines" 2 '.confidenceLevel.OPNFV_ACCEPTANCE == "SUCCESS"'
expect "refused baselines" 1 '.confidenceLevel.OPNFV_ACCEPTANCE == "FAILURE"
    and .baselineName == "opnfv-odl-1.1.0-onap-1.0.0"'
expect "stamps with SUCCESS" 2 '.confidenceLevel.OPNFV == "SUCCESS"'
expect "stamps with FAILURE" 1 '.confidenceLevel.OPNFV == "FAILURE"
    and (.artifactUrl | endswith("/odl-1.1.0.tar.gz"))'
promoted() { grep -q '^opnfv-odl-1.2.0-onap-1.0.0 ' "$tmp/onap/promoted"; }
until_true "ONAP did not promote the newest good baseline" promoted

# ---- the timeline ------------------------------------------------------------

say "what was said: when, by whom, why, and who checked it"
jq -rs --rawfile checked "$tmp/checked" --rawfile keys "$tmp/keys" '
    def words: split("\n") | map(select(. != "") | split(" "));
    def id: (.node | split("/")[0]) + ":" + .eventId;
    def what:
        if .eventType == "ArtifactCreated" then "artifact " + .artifactName
        elif .eventType == "BaselineDefined" then "baseline " + .baselineName
        else "stamp on " +
            (.baselineName // (.artifactUrl | sub(".*/"; ""))) end;
    (map({(id): what}) | add) as $names
    | ($checked | words | group_by(.[0])
        | map({(.[0][0]): (map(.[1]) | join(", "))}) | add) as $proofs
    | ($keys | words | map({(.[0]): .[1][0:9]}) | add) as $signs
    | sort_by(.receivedAt)[]
    | id as $id
    | [.links[]? | select(.rel == "cause") | $names[.of + ":" + .id]] as $why
    | "\(.receivedAt[11:23])  \(.node): \(what)" +
      (if .confidenceLevel then "  " + (.confidenceLevel | to_entries
        | map(.key + "=" + .value) | join(" ")) else "" end) +
      (if ($why | length) > 0 then "\n              because of \($why[0])"
        else "" end) +
      "\n              signed with \($signs[.node]), position \(.seq); " +
      "verified at \($proofs[$id])"
    ' "$tmp/said"
say "ONAP builds upon"
cat "$tmp/onap/promoted"

if [ "$keep" = yes ]; then
    cat >"$tmp/stop" <<END
kill \$(cat $tmp/pids)
rm -rf $tmp
END
    say "still running; look around:"
    cat <<END
export PATH=$tmp/bin:\$PATH
cimesh --dir $tmp/opnfv                     # or odl, onap
cimesh --dir $tmp/opnfv log
cimesh --dir $tmp/opnfv hooks runs
cimesh --dir $tmp/onap sub opnfv/ --since all
ls $tmp/log
sh $tmp/stop                                # ends it
END
fi
say "all of it happened, nothing is missing, doubled or unproven"
