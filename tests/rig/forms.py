# SPDX-License-Identifier: MPL-2.0
"""Rows in unit form: programs of tests/ that drive the store or the node's code
on a disk, a heap or a schema that fails, and count what they did.

Such a program ends with 0 when nothing was wrong, and says how much it did in
lines `rig ROW COUNT UNIT`. CIM_LONG=1 asks for its full count.
"""
import os
import re
import subprocess
import threading

from rig import program


def run_forms(row, *runs):
    """Runs programs side by side, each a tuple (name, arguments...); their
    counts for this row are reached, what they say of failures are violations."""
    threads = [threading.Thread(target=_run, args=(row, *run)) for run in runs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def _run(row, name, *arguments):
    env = dict(os.environ, CIM_LONG="1" if row.long else "0", TMPDIR=row.dir)
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True,
                          errors="replace", env=env, stdin=subprocess.DEVNULL)
    for line in done.stdout.splitlines():
        count = re.match(r"rig (\S+) (\d+) ", line)
        if count and count[1] == row.name:
            row.reached += int(count[2])
        elif line.startswith(("fault.", "oom.")):
            row.say(line)
    if done.returncode:
        told = [s for s in (done.stdout + done.stderr).splitlines() if "---" in s or "FAILED" in s]
        row.violation("P1-P6", f"{name} {' '.join(map(str, arguments))} ended with "
                      f"{done.returncode}: {'; '.join(told[:5])}")
