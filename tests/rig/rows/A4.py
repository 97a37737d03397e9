#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The WAL cut at every byte is the commits that end before the cut; the main
file cut short is refused or told, never served wrong."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from forms import run_forms  # noqa: E402

with Row("A4", "the WAL and the main file cut short", unit="cuts", short=3000, long=150_000) as row:
    run_forms(row, ("fault_cut_test", "--seed", row.seed % 2**31))
    row.note = "WAL at every byte, main file at every 5th" if row.long else "every 61st byte, and all ends"
