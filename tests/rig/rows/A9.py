#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A9: SIGKILL of a hook while it runs, and of the node while hooks run.

Each hook goes to another folder, as a build does, starts a child there, says
start, works for a moment, says end. Half of the kills hit a hook, half the
node. Every event runs to its end; a repeat carries the next attempt number,
there is at most one for each hook that a kill hit, and when it starts nothing
of the attempt before is alive.
"""
import collections
import glob
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, artifact, wait  # noqa: E402
from invariants import broken  # noqa: E402

PARALLEL = 4

# A line each: word, event, attempt, pid of the hook, pid of its child.
SCRIPT = """#!/bin/sh
cd /
sleep 1000 &
echo "start $CIMESH_EVENT_ID $CIMESH_ATTEMPT $$ $!" >> "$CIMESH_DIR/said"
sleep 0.1
echo "end $CIMESH_EVENT_ID $CIMESH_ATTEMPT $$ $!" >> "$CIMESH_DIR/said"
"""

Line = collections.namedtuple("Line", "word event attempt hook child")


def said(node):
    path = os.path.join(node.dir, "said")
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [Line(w, e, int(a), int(h), int(c)) for w, e, a, h, c in
                (line.split() for line in f if line.endswith("\n"))]


def alive(pid, folder):
    """Is this process of a hook of this node? A number may be used again."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            ours = f"CIMESH_DIR={folder}\0".encode() in f.read()
        with open(f"/proc/{pid}/stat") as f:
            return ours and f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


class Watch(threading.Thread):
    """Looks at each start of a hook: who of an earlier attempt is still there?"""

    def __init__(self, row, node, stop):
        super().__init__(daemon=True)
        self.row, self.node, self.stop, self.seen = row, node, stop, 0

    def run(self):
        before = collections.defaultdict(list)  # event -> pids of its attempts
        while not self.stop.wait(0.01):
            lines = said(self.node)
            for line in lines[self.seen:]:
                if line.word != "start":
                    continue
                for pid in before[line.event]:
                    if alive(pid, self.node.dir):
                        self.row.violation("P5", f"{line.event}: attempt {line.attempt} runs "
                                           f"beside process {pid} of an earlier one")
                before[line.event] += [line.hook, line.child]
            self.seen = len(lines)


def running(node):
    """Hooks that said start and not end, and are alive."""
    lines = said(node)
    ended = {line.hook for line in lines if line.word == "end"}
    return [line for line in lines if line.word == "start" and line.hook not in ended
            and alive(line.hook, node.dir)]


def kill_hook(node, killed):
    """One in the middle; only its first attempts, so that it ends some day."""
    for line in running(node):
        if line.attempt == 1 and (line.event, line.attempt) not in killed:
            killed.add((line.event, line.attempt))
            try:
                os.kill(line.hook, signal.SIGKILL)
                return 1
            except ProcessLookupError:
                killed.discard((line.event, line.attempt))
    return 0


def kill_node(row, node, killed):
    """With hooks under way; each of them is hit."""
    if not running(node):
        return 0
    node.kill()
    # What was started by then, said or not: at most so many repeats.
    killed.update((node.name, row.reached, i) for i in range(PARALLEL))
    for text in broken(node):
        row.violation("P5", text)
    node.start()
    return 1


def main():
    with Row("A9", "kill -9 of hooks and of the node under them", unit="kills", short=20, long=200) as row, \
            Mesh() as mesh:
        odl = mesh.node("odl/ci-1")
        script = os.path.join(odl.dir, "hook")
        with open(script, "w") as f:
            f.write(SCRIPT)
        os.chmod(script, 0o700)
        odl.extra = f'hooks\n    h\n        topic = "odl/"\n        exec = "{script}"\n' \
                    f'        parallel = {PARALLEL}\n'
        odl.configure()
        odl.start()
        stop, ids, killed = threading.Event(), [], set()
        watch = Watch(row, odl, stop)
        watch.start()
        while row.reached < row.target:
            if len(ids) < row.reached * 2 + 2 * PARALLEL:
                ids += [p["eventId"] for p in odl.publish(*[artifact(n=len(ids) + i) for i in range(PARALLEL)])]
            row.reached += kill_hook(odl, killed) if row.reached % 2 else kill_node(row, odl, killed)
            time.sleep(row.random.uniform(0, 0.03))
        lacking = lambda: set(ids) - {line.event for line in said(odl) if line.word == "end"}  # noqa: E731
        try:
            wait("all ran to their end", lambda: not lacking(), 120)
        except AssertionError:
            for event in lacking():
                row.violation("P5", f"{event} never ran to its end")
        wait("scratch folders go", lambda: not os.listdir(os.path.join(odl.dir, "run", "hooks")), 30)
        stop.set()
        watch.join()
        verdict(row, odl, ids, killed)


def verdict(row, odl, ids, killed):
    starts = [(line.event, line.attempt) for line in said(odl) if line.word == "start"]
    for event, attempt in starts:
        if starts.count((event, attempt)) > 1:
            row.violation("P5", f"{event} ran twice as attempt {attempt}")
    repeats = len(starts) - len(set(ids))
    if repeats > len(killed):
        row.violation("P5", f"{repeats} repeats, but only {len(killed)} runs were hit")
    left = [pid for path in glob.glob("/proc/[0-9]*") if alive(pid := os.path.basename(path), odl.dir)]
    if left:
        row.violation("P5", f"processes are left: {left}")
    row.figure("events", len(ids))
    row.figure("runs", len(starts))
    row.figure("repeats", repeats)


if __name__ == "__main__":
    main()
