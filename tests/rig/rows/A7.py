#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A state that a power cut left is opened while reads, writes or syncs fail, and
the power goes again: the recovery can be repeated, however often."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from forms import run_forms  # noqa: E402

with Row("A7", "a power cut, then trouble while recovering, again and again", unit="states", short=500, long=2000) as row:
    run_forms(row, ("fault_compound_test", "--seed", row.seed % 2**31))
