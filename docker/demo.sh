#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# demo.sh [--keep] - three communities on this machine, from sources to a
# promoted baseline.
#
# ODL and ONAP build artifacts and say so. OPNFV composes a baseline of the
# newest ones, tests it and says how it went; ODL stamps its artifact with
# that. One ODL build is broken in a way only OPNFV can see. ONAP says what its
# integration found, late. Each of the three promotes by the same rule, in its
# own name. Only the builds and ONAP's word are started from here: all the rest
# is hooks and the rule (docker/demo/, made to be copied).
#
# Then a release manager asks which baseline is good, why the other one is not
# and what it is made of, at each of the three: the same question, the same
# answer. At the end every event in every store is checked: none missing, none
# twice, each proven against its author's key. Exit 0 only if all that holds.
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
    sed -n '3,20s/^# \{0,1\}//p' "$0" >&2
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

# rule SITE: the rule that it promotes by.
rule() {
    sed -i '/^end = 1$/d' "$tmp/$1/cimesh.zpl"
    { cat "$top/docker/demo/release.zpl" && echo "end = 1"; } \
        >>"$tmp/$1/cimesh.zpl"
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

for c in $communities; do # each hears all of the others, and decides alone
    for other in $communities; do
        [ "$c" = "$other" ] || at "$c" follow "$other/"
    done
    rule "$c"
done >"$tmp/log/follow.log" 2>&1

www=$tmp/opnfv/www
echo "2023.1, verified" >"$tmp/opnfv/openstack"
hook opnfv baseline-odl odl/ArtifactCreated/master/ \
    "define-baseline $www $(url_of opnfv)"
hook opnfv baseline-onap onap/ArtifactCreated/master/ \
    "define-baseline $www $(url_of opnfv)"
hook opnfv test opnfv/BaselineDefined/ "test-baseline $(url_of opnfv)"
hook odl stamp opnfv/ConfidenceLevelModified/ \
    "stamp-artifact odl $(url_of odl)"

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

# done_with HOOK N: OPNFV's hook has looked at N events.
done_with() {
    [ "$(at opnfv hooks runs "$1" --json | jq -s \
        '[.[] | select(.state == "ok")] | length')" = "$2" ]
}

# ids SITE PREFIX...: "COMMUNITY:ID" of each event it holds there.
ids() {
    site=$1
    shift
    at "$site" log "$@" --json |
        jq -r '(.topic | split("/")[0]) + ":" + .eventId'
}

# stamped N: ODL heard of N results and stamped N artifacts.
stamped() {
    [ "$(at odl log odl/ConfidenceLevelModified/ --json | jq -s \
        '[.[] | select(.confidenceLevel.OPNFV)] | length')" = "$1" ]
}
baselines=opnfv/BaselineDefined/
bad=opnfv-odl-1.1.0-onap-1.0.0
good=opnfv-odl-1.2.0-onap-1.0.0

say "night 1: ODL builds alone"
nightly odl 1.0.0
until_true "OPNFV does not look at odl-1.0.0" done_with baseline-odl 1
say "night 2: ODL builds 1.1.0, whose service reports 1.0.9; ONAP builds too"
nightly odl 1.1.0 1.0.9
until_true "OPNFV does not look at odl-1.1.0" done_with baseline-odl 2
nightly onap 1.0.0
until_true "odl-1.1.0 is not stamped" stamped 1
say "night 3: ODL repairs it"
nightly odl 1.2.0
until_true "odl-1.2.0 is not stamped" stamped 2

# ---- which one is good? ------------------------------------------------------

# What every site has to answer alike is asked at each of them.
# same WHAT COMMAND...: the answer, when it is the same at all three.
same() {
    what=$1
    shift
    for c in $communities; do
        at "$c" "$@" >"$tmp/answer-$c" 2>"$tmp/words-$c"
        echo $? >>"$tmp/answer-$c"
    done
    cmp -s "$tmp/answer-odl" "$tmp/answer-onap" &&
        cmp -s "$tmp/answer-odl" "$tmp/answer-opnfv" ||
        fail "$what: $(cat "$tmp"/answer-*)"
    sed '$d' "$tmp/answer-odl"
    return "$(tail -n 1 "$tmp/answer-odl")"
}
# outcome BASELINE OUTCOME: what the rule makes of it, and why, at each.
outcome() {
    for c in $communities; do
        at "$c" promote explain "$1" --json |
            jq -c '.[0] | [.outcome, .reasons]' >"$tmp/why-$c"
    done
    cmp -s "$tmp/why-odl" "$tmp/why-onap" &&
        cmp -s "$tmp/why-odl" "$tmp/why-opnfv" &&
        jq -e --arg want "$2" '.[0] == $want' "$tmp/why-odl"
}

say "is there a baseline to build upon? ONAP has not said a word yet"
until_true "$good is not open" outcome "$good" open
at onap promote explain "$good"
rc=0
same "none is promoted" latest "$baselines" --by onap || rc=$?
[ "$rc" = 66 ] || fail "latest: $rc instead of 66"
cat "$tmp/words-onap"
cimesh --dir "$tmp/odl" latest "$baselines" --by onap --wait "$patience" \
    >"$tmp/waited" & # as a job does that needs one
waiter=$!

say "days later: ONAP's integration accepts $good"
url=$(url_of opnfv)/$good.txt
at onap publish ConfidenceLevelModified baselineName="$good" \
    baselineUrl="$url" confidenceLevel.ONAP_INTEGRATION=SUCCESS \
    buildUrl="$(url_of onap)/job/integration/7/"
wait "$waiter" || fail "the job that waits for a baseline: exit code $?"
[ "$(cat "$tmp/waited")" = "$url" ] || fail "it got $(cat "$tmp/waited")"
echo "a job of ODL that waited for it goes on with $url"

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

for c in $communities; do
    until_true "$good is not promoted by $c" at odl latest "$baselines" \
        --by "$c" --name "$good"
    until_true "$bad is not refused by $c" at odl latest "$baselines" \
        --with "$c:PROMOTED=FAILURE" --name "$bad"
done

say "what each store holds"
while read -r site author prefix; do
    until_true "$site misses something of $prefix" holds "$site" "$author" "$prefix"
    echo "$site: $(wc -l <"$tmp/have") of $(wc -l <"$tmp/want") $prefix"
done <<END
odl opnfv opnfv/
odl onap onap/
onap opnfv opnfv/
onap odl odl/
opnfv odl odl/
opnfv onap onap/
END
for c in $communities; do
    prove "$c"
done
while read -r id; do # what a job was told is kept is in each store
    for c in $communities; do
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
expect "artifacts of ONAP" 1 '.node == "onap/ci-1" and .eventType == "ArtifactCreated"'
expect "baselines" 2 '.eventType == "BaselineDefined"'
expect "accepted baselines" 1 '.confidenceLevel.OPNFV_ACCEPTANCE == "SUCCESS"
    and .baselineName == "'"$good"'"'
expect "refused baselines" 1 '.confidenceLevel.OPNFV_ACCEPTANCE == "FAILURE"
    and .baselineName == "'"$bad"'"'
expect "stamps with SUCCESS" 1 '.confidenceLevel.OPNFV == "SUCCESS"'
expect "stamps with FAILURE" 1 '.confidenceLevel.OPNFV == "FAILURE"
    and (.artifactUrl | endswith("/odl-1.1.0.tar.gz"))'
expect "promotions" 3 '.confidenceLevel.PROMOTED == "SUCCESS"
    and .baselineName == "'"$good"'"'
expect "refusals to promote" 3 '.confidenceLevel.PROMOTED == "FAILURE"
    and .baselineName == "'"$bad"'"'

# ---- the timeline ------------------------------------------------------------

say "what was said: when, by whom, why, and who checked it"
jq -rs --rawfile checked "$tmp/checked" --rawfile keys "$tmp/keys" '
    def words: split("\n") | map(select(. != "") | split(" "));
    def id: (.node | split("/")[0]) + ":" + .eventId;
    def what:
        if .eventType == "ArtifactCreated" then "artifact " + .artifactName
        elif .eventType == "BaselineDefined" then "baseline " + .baselineName
        elif .ext.rule then "decision on " + .baselineName
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
# ---- the release manager's questions ------------------------------------------

say "asked at each of the three: which baseline is good?"
for c in $communities; do
    [ "$(same "by $c" latest "$baselines" --by "$c")" = "$url" ] ||
        fail "$c has promoted another baseline"
done
same "by opnfv" latest "$baselines" --with opnfv:OPNFV_ACCEPTANCE=SUCCESS
say "... why not the other one?"
until_true "$bad is not refused by all" outcome "$bad" failed
at onap promote explain "$bad"
say "... and why this one?"
until_true "$good is not promoted by all" outcome "$good" fulfilled
at onap promote explain "$good"
say "... what is it made of, and who said what of it?"
same "what it is made of" trace "$good" --down
say "... where did the broken build go?"
same "where it went" trace odl-1.1.0 --up
say "... what changed from one to the other?"
same "what changed" diff "$bad" "$good"

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
cimesh --dir $tmp/onap promote list
cimesh --dir $tmp/odl trace odl-1.2.0
cimesh --dir $tmp/onap sub opnfv/ --since all
ls $tmp/log
sh $tmp/stop                                # ends it
END
fi
say "all of it happened, nothing is missing, doubled or unproven"
