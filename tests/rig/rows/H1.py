#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The load cimesh is made for: every member follows all others, together they
publish 50 events of 1 KiB a second. All members share this machine's cores."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from steady import steady  # noqa: E402

with Row("H1", "design load: 50 events/s in all, 1 KiB", unit="events",
         short=200, long=6000, alone=True) as row:
    steady(row, members=16 if row.long else 6, rate=50)
    row.note += "; target < 3 % of a core, RSS < 64 MiB, p99 < 50 ms"
