#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Ten times the load cimesh is made for, for as long as fits."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from steady import steady  # noqa: E402

with Row("H2", "ten times the design load: 500 events/s", unit="events",
         short=1500, long=60_000, alone=True) as row:
    steady(row, members=16 if row.long else 6, rate=500)
    row.note += "; target p99 < 250 ms, nothing behind at the end; an hour scaled to what fits"
