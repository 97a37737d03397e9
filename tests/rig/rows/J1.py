#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""One version up and, in a long run, one down: what a node of the next version
says is kept and passed on byte for byte, what it asks is answered or refused;
the previous program and this one live in one mesh, and on one database."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from versions import beside_previous, next_version  # noqa: E402

with Row("J1", "versions: the next, the previous", unit="events", short=400, long=22_000) as row:
    row.reached = next_version(row, 2000 if row.long else row.target)
    if row.long:
        row.reached += beside_previous(row, row.target - 2000)
