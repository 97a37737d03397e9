#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Power cuts at every operation of a store at work, what was not synced kept,
dropped, torn or reordered: acknowledged commits are there, others in whole or
not at all, and the store serves only what was sealed. The long run takes as
many of the 200,000 states that the matrix names as four minutes give."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from forms import run_forms  # noqa: E402

with Row("A3", "power cuts, what was not synced dropped, torn or reordered", unit="states", short=2000, long=40_000) as row:
    run_forms(row, *[("fault_crash_test", "--seed", row.seed % 2**31 + i)
                     for i in ((0, 1000) if row.long else (0,))])
    row.note = "tests/fault/crash_test.c; 200,000 scaled to what four minutes give"
