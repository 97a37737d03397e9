#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""I3: hooks that hang, that leave children, that write without end, that end
by a signal.

Each run is recorded with how it ended, the next event has its turn, and
nothing is left: no process, no zombie, no folder. The node's own clock is
moved, so that a hook that hangs does so for its time limit and the grace
after it, and the row does not wait for them.
"""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, artifact, wait  # noqa: E402

MiB = 1 << 20
TIMEOUT_S = 60

# What a hook does, how its runs may end: exit status, or -signal. `said` is
# what the record must hold of its output.
KINDS = {
    "hangs": ("trap '' TERM; sleep 100000 & wait; sleep 100000", {-signal.SIGKILL}, ""),
    "asked": ("exec sleep 100000", {-signal.SIGTERM}, ""),
    "forks": ("for i in 1 2 3; do sleep 100000 & done; (sleep 100000 & sleep 100000) & exit 0", {0}, ""),
    "writes": ("head -c $SIZE /dev/zero | tr '\\0' x; echo the last words", {0}, "the last words"),
    "dies": ("kill -SEGV $$", {-signal.SIGSEGV}, ""),
}


def install(node, size):
    """A hook of each kind, for events of a branch of its name. What fails the
    first time is accepted the second time."""
    node.extra = "hooks\n"
    for name, (does, _, _) in KINDS.items():
        script = os.path.join(node.dir, name)
        with open(script, "w") as f:
            f.write(f"#!/bin/sh\nSIZE={size}\n[ $CIMESH_ATTEMPT = 1 ] || exit 0\n{does}\n")
        os.chmod(script, 0o700)
        node.extra += (f'    {name}\n        topic = "odl/ArtifactCreated/{name}/"\n'
                       f'        exec = "{script}"\n        timeout = {TIMEOUT_S}\n')
    node.configure()


def runs(node):
    text = node.get("/v1/hooks/runs?limit=1000")[1]
    return json.loads(text) if text.startswith("[") else [json.loads(x) for x in text.splitlines()]


def processes(node):
    """(pid, state) of all that the node or its hooks started and that is there."""
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                state, parent = f.read().rsplit(")", 1)[1].split()[:2]
            with open(f"/proc/{pid}/environ", "rb") as f:
                ours = f"CIMESH_DIR={node.dir}\0".encode() in f.read()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if ours or int(parent) == node.process.pid:
            out.append((int(pid), state))
    return out


def hooks(node):
    return json.loads(node.get("/v1/hooks")[1])


def play(row, node, size):
    """An event for each hook, until all of them are accepted."""
    node.publish(*[artifact(branch=name, n=row.reached) for name in KINDS])

    def quiet():
        # The limit of those that hang, the grace after it, the back-off; not
        # before those that are only slow have ended.
        if all(h["waiting"] == 0 and h["attempt"] == 0 for h in hooks(node) if h["name"] in ("writes", "forks")):
            node.clock.mono(node.clock.mono_ms + (TIMEOUT_S + 1) * 1000)
        time.sleep(0.15)
        return all(h["waiting"] == 0 and h["attempt"] == 0 for h in hooks(node))
    wait("all are accepted", quiet, 120)
    row.reached += len(KINDS)


def judge(row, node, rounds):
    """Every run is recorded, and how it ended."""
    with_status = {}
    for run in runs(node):
        with_status.setdefault((run["hook"], run["attempt"]), []).append(run)
    for name, (_, ends, said) in KINDS.items():
        first = with_status.get((name, 1), [])
        if len(first) != rounds:
            row.violation("P5", f"{name}: {len(first)} first attempts are recorded, not {rounds}")
        for run in first:
            if run["status"] not in ends or said not in run["output"] or len(run["output"]) > 512:
                row.violation("P5", f"{name} ended otherwise: {run}")
        again = with_status.get((name, 2), [])
        if ends != {0} and len(again) != rounds:
            row.violation("P5", f"{name}: {len(again)} second attempts, not {rounds}")


def main():
    with Row("I3", "hooks that hang, fork, write a gigabyte, die", unit="runs", short=20, long=500) as row, \
            Mesh() as mesh:
        size = 1 << 30 if row.long else 32 * MiB
        odl = mesh.node("odl/ci-1")
        odl.clock.mono(0)
        install(odl, size)
        odl.start()
        begin, rounds = time.monotonic(), 0
        while row.reached < row.target:
            play(row, odl, size)
            rounds += 1
            if row.long and rounds == 10:
                install(odl, 8 * MiB)
        wait("folders go", lambda: not os.listdir(os.path.join(odl.dir, "run", "hooks")))
        judge(row, odl, rounds)
        left = [p for p in processes(odl) if p[0] != odl.process.pid]
        if left:
            row.violation("P5", f"processes are left: {left}")
        row.figure("seconds a round", round((time.monotonic() - begin) / rounds, 2))
        row.note = "10 x 1 GB, then 8 MiB" if row.long else "32 MiB instead of 1 GB"


if __name__ == "__main__":
    main()
