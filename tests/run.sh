#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# run.sh [--long] [--only STAGE]... - everything a change has to pass.
#
# From a clean clone on Debian 12 to a verdict: installs what is missing (as
# root), builds, tests, prints one line a stage and at the end
#     N passed, N failed
# Exit 0 only if something ran and nothing failed. Logs are in build/log/.
#
#   release  gcc, optimised: all tests but lint
#   asan     clang, address and undefined behaviour: the same tests
#   tsan     clang, thread: the tests of what has threads
#   fuzz     clang, libFuzzer: 15 s a target (--long: 10 minutes)
#   lint     layers and doors, form of the files, top level
#   rig      rows of the reliability matrix: real nodes and what is done to
#            them, counted; the table is build/log/rig.md (--long: full counts)
#   package  the Debian packages, installed in a fresh minimal root; as root
#   image    the container image and the federation in compose, with a real
#            engine; as root, where docker.io and docker-compose are installed
#            (sh docker/packages.sh engine)
#   debug    gcc, unoptimised: as release, only when asked for
#
# --long also sets CIM_LONG=1, for which tests with random schedules run many
# more of them.
set -u

top=$(cd "$(dirname "$0")/.." && pwd) || exit 71
cd "$top" || exit 71
log=$top/build/log
jobs=$(nproc 2>/dev/null || echo 2)
stages=
fuzz_s=15
rig_long=

usage() {
    sed -n '3,26s/^# \{0,1\}//p' tests/run.sh >&2
    exit 64
}

while [ $# -gt 0 ]; do
    case $1 in
    --long)
        fuzz_s=600
        rig_long=--long
        CIM_LONG=1
        export CIM_LONG
        ;;
    --only)
        case ${2:-} in
        debug | release | asan | tsan | fuzz | lint | package | image | rig)
            stages="$stages $2"
            ;;
        *) usage ;;
        esac
        shift
        ;;
    *) usage ;;
    esac
    shift
done
[ -n "$stages" ] || stages='lint release asan tsan fuzz package image rig'

export LC_ALL=C.UTF-8
exec </dev/null
passed=0 failed=0

# ---- output ----------------------------------------------------------------

now() { date +%s; }

# line STAGE TEXT SECONDS
line() { printf '%-8s %-28s %4d s\n' "$1" "$2" "$3"; }

# verdict STAGE PASSED FAILED SECONDS LOG: counts, prints; no test is a failure.
verdict() {
    p=$2 f=$3
    [ $((p + f)) -gt 0 ] || {
        echo "$1: no test ran; see $5"
        f=1
    }
    passed=$((passed + p)) failed=$((failed + f))
    line "$1" "$p passed, $f failed" "$4"
}

# broken STAGE WHAT LOG: a stage that could not even run.
broken() {
    failed=$((failed + 1))
    echo "$1: $2 failed; the end of $3:"
    tail -n 25 "$3" | sed 's/^/    /'
}

# ---- stages ----------------------------------------------------------------

# The sanitizers of clang 14 need their shadow memory where newer kernels may
# put other things; without address randomisation they have it.
fixed=
setarch -R true 2>/dev/null && fixed='setarch -R'

# build STAGE [TARGET]
build() {
    start=$(now)
    {
        cmake --preset "$1" -DCMAKE_COMPILE_WARNING_AS_ERROR=ON &&
            cmake --build --preset "$1" -j "$jobs" ${2:+--target "$2"}
    } >"$log/$1-build.log" 2>&1 || {
        broken "$1" build "$log/$1-build.log"
        return 1
    }
    line "$1" built $(($(now) - start))
}

# count LOG: "PASSED FAILED" of a ctest log. A cmocka program counts each of
# its tests, everything else counts as one.
count() {
    awk '
        /^[0-9]+\/[0-9]+ Testing: / { ok = bad = 0 }
        /^\[  PASSED  \] [0-9]+ test/ { ok += $4 }
        /^\[  FAILED  \] [0-9]+ test/ { bad += $4 }
        /^Test (Passed|Failed|Timeout)\./ || /^Test Fail/ {
            if ($2 == "Passed.") {
                p += ok ? ok : 1
            } else {
                p += ok
                f += bad ? bad : 1
            }
        }
        END { print p + 0, f + 0 }' "$1"
}

# run_ctest STAGE PRESET CTEST-OPTION...
run_ctest() {
    stage=$1 preset=$2
    shift 2
    start=$(now)
    full=build/$preset/Testing/Temporary/LastTest.log
    rm -f "$full"
    $fixed ctest --preset "$preset" -j "$jobs" "$@" \
        >"$log/$stage-ctest.log" 2>&1
    rc=$?
    : >"$log/$stage.log"
    [ ! -f "$full" ] || cp "$full" "$log/$stage.log"
    # shellcheck disable=SC2046
    set -- $(count "$log/$stage.log")
    [ "$rc" = 0 ] || {
        sed -n '/The following tests FAILED/,/^Errors/p' \
            "$log/$stage-ctest.log" | grep -v ^Errors
        echo "$stage: what they said is in $log/$stage.log"
        [ "$2" -gt 0 ] || set -- "$1" 1
    }
    verdict "$stage" "$1" "$2" $(($(now) - start)) "$log/$stage-ctest.log"
}

stage_release() { build release && run_ctest release release -LE 'lint|package|image'; }
stage_debug() { build debug && run_ctest debug debug -LE 'lint|package|image'; }
stage_asan() { build asan && run_ctest asan asan -LE 'lint|package|image'; }
stage_tsan() { build tsan threaded && run_ctest tsan tsan -L thread; }

stage_lint() {
    cmake --preset release >"$log/lint-build.log" 2>&1 || {
        broken lint configuring "$log/lint-build.log"
        return
    }
    run_ctest lint release -L lint
}

# What one target does, for xargs: $0 seconds, $1 log folder, $2 program.
# shellcheck disable=SC2016
fuzz_one='
    name=$(basename "$2" _fuzz)
    seeds=tests/fuzz/corpus/$name
    mkdir -p "build/fuzz/corpus/$name" "$seeds"
    "$2" -max_total_time="$0" -timeout=10 -rss_limit_mb=2048 -max_len=70000 \
        -print_final_stats=1 -artifact_prefix="$1/fuzz-$name-" \
        "build/fuzz/corpus/$name" "$seeds" >"$1/fuzz-$name.log" 2>&1
    echo "$? $name" >>"$1/fuzz.results"
    rmdir "$seeds" 2>/dev/null
    exit 0'

stage_fuzz() {
    build fuzz fuzzers || return
    start=$(now)
    : >"$log/fuzz.results"
    find build/fuzz/tests -maxdepth 1 -name '*_fuzz' |
        $fixed xargs -P "$jobs" -I '{}' \
            sh -c "$fuzz_one" "$fuzz_s" "$log" '{}'
    while read -r rc name; do
        [ "$rc" = 0 ] || {
            echo "fuzz: $name failed; see $log/fuzz-$name.log"
            grep -E '^SUMMARY|^Test unit written' "$log/fuzz-$name.log"
        }
    done <"$log/fuzz.results"
    verdict fuzz "$(grep -c '^0 ' "$log/fuzz.results")" \
        "$(grep -vc '^0 ' "$log/fuzz.results")" $(($(now) - start)) \
        "$log/fuzz-build.log"
}

stage_image() {
    for need in dockerd docker-compose mmdebstrap unshare; do
        command -v $need >/dev/null && [ "$(id -u)" = 0 ] || {
            line image skipped 0
            echo "  it needs root and: sh docker/packages.sh engine"
            return
        }
    done
    build release && run_ctest image release -L image
}

# Not a failure without root: a chroot is no business of anybody else.
stage_package() {
    unshare -m mount -t tmpfs none /mnt 2>/dev/null || {
        line package "skipped" 0
        echo "  it needs root, and may not mount here"
        return
    }
    build release && run_ctest package release -L package
}

stage_rig() {
    build rig || return
    start=$(now)
    CIMESH_BIN=$top/build/rig/node/cimesh \
        /usr/bin/python3 tests/rig/run.py $rig_long --log "$log/rig" \
        --markdown "$log/rig.md" >"$log/rig.log" 2>&1
    # Last line: N rows passed, N failed: ROW...
    grep -v ' rows passed, ' "$log/rig.log"
    p=$(sed -n 's/^\([0-9]*\) rows passed.*/\1/p' "$log/rig.log")
    f=$(sed -n 's/.* rows passed, \([0-9]*\) failed.*/\1/p' "$log/rig.log")
    verdict rig "${p:-0}" "${f:-1}" $(($(now) - start)) "$log/rig.log"
}

# ---- the run ---------------------------------------------------------------

begin=$(now)
mkdir -p "$log" || exit 74
sh docker/packages.sh build test package demo >"$log/packages.log" 2>&1 || {
    cat "$log/packages.log" >&2
    exit 71
}
line packages "all there" $(($(now) - begin))
for stage in $stages; do
    "stage_$stage"
done
line total "" $(($(now) - begin))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
