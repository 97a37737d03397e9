#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Runs rows of the reliability matrix and prints their table.

    run.py [--long] [--seed N] [--jobs N] [--markdown FILE] [ROW...]

Rows run as processes, two at a time; those that say alone=True run by
themselves at the end. What each of them said is in LOG/ROW.log (--log,
build/log/rig without it). Exit 1 if a row failed.
"""
import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ROWS = os.path.join(HERE, "rows")


def key(name):
    """A1, A2, A10: the matrix' own order."""
    return re.sub(r"\d+", lambda m: m[0].zfill(3), name)


def rows():
    return sorted((f[:-3] for f in os.listdir(ROWS) if f.endswith(".py")), key=key)


def says_alone(name):
    with open(os.path.join(ROWS, name + ".py")) as f:
        return re.search(r"alone\s*=\s*True", f.read()) is not None


def run(name, options):
    """One row as a process group of its own; what its last line says."""
    command = [sys.executable, os.path.join(ROWS, name + ".py")]
    command += ["--long"] if options.long else []
    command += ["--seed", str(options.seed)] if options.seed is not None else []
    log = os.path.join(options.log, name + ".log")
    begin = time.monotonic()
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    with open(log, "w") as out:
        row = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                               stderr=subprocess.STDOUT, start_new_session=True, env=env)
        try:
            code = row.wait(timeout=options.limit)
        except subprocess.TimeoutExpired:
            code = "did not end"
            row.terminate()
            try:
                row.wait(timeout=20)  # it stops its nodes and clears away
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(row.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        row.wait()
    with open(log, errors="replace") as f:
        last = [line for line in f if line.startswith("RIG ")]
    result = json.loads(last[-1][4:]) if last else {
        "row": name, "what": "", "unit": "", "target": 0, "reached": 0, "violations": 0,
        "seed": None, "figures": {}, "note": f"said nothing at its end ({code})"}
    result["ok"] = code == 0 and bool(last)
    result["seconds"] = round(time.monotonic() - begin, 1)
    result["log"] = log
    return result


def figures(result):
    said = [f"{k} {v:,}" if isinstance(v, (int, float)) else f"{k} {v}"
            for k, v in result["figures"].items()]
    return "; ".join(said + ([result["note"]] if result["note"] else []))


def line(r):
    return (f"{r['row']:<4} {'ok' if r['ok'] else 'FAILED':<6} {r['reached']:>9,} of {r['target']:>9,} "
            f"{r['unit']:<16} {r['violations']:>3} violations {r['seconds']:>6.1f} s  {r['what']}"
            + (f"\n       {figures(r)}" if figures(r) else ""))


def markdown(results):
    out = ["| row | fault | reached | violations | seconds | seed | seen |", "|---|---|---|---|---|---|---|"]
    for r in results:
        fault = r["what"] + ("" if r["ok"] else " **failed**")
        cells = [r["row"], fault, f"{r['reached']:,} of {r['target']:,} {r['unit']}",
                 str(r["violations"]), f"{r['seconds']:.0f}", str(r["seed"]), figures(r)]
        out.append("| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |")
    return "\n".join(out) + "\n"


def in_parallel(names, options, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in concurrent.futures.as_completed(pool.submit(run, n, options) for n in names):
            result = done.result()
            print(line(result), flush=True)
            if not result["ok"]:
                print(f"       see {result['log']}; again: tests/rig/rows/{result['row']}.py"
                      f" --seed {result['seed']}", flush=True)
            yield result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="full counts, hours")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=None, help="seconds a row may take")
    parser.add_argument("--log", default=os.path.join(TOP, "build", "log", "rig"))
    parser.add_argument("--markdown", metavar="FILE")
    parser.add_argument("row", nargs="*")
    options = parser.parse_args()
    options.limit = options.limit or (1800 if options.long else 180)
    wrong = set(options.row) - set(rows())
    if wrong:
        parser.error(f"no such row: {', '.join(sorted(wrong))}; there are {', '.join(rows())}")
    os.makedirs(options.log, exist_ok=True)

    names = options.row or rows()
    results = list(in_parallel([n for n in names if not says_alone(n)], options, options.jobs))
    results += in_parallel([n for n in names if says_alone(n)], options, 1)
    results.sort(key=lambda r: key(r["row"]))
    if options.markdown:
        with open(options.markdown, "w") as f:
            f.write(markdown(results))
    bad = [r["row"] for r in results if not r["ok"]]
    print(f"{len(results) - len(bad)} rows passed, {len(bad)} failed"
          + (f": {' '.join(bad)}" if bad else ""))
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main())
