#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""One bit of the database flips: refused to open, harmless, told by the call that
met it, or named by fsck; never served."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from forms import run_forms  # noqa: E402

with Row("B4", "one flipped bit of the main file at rest", unit="bits", short=300, long=3000) as row:
    run_forms(row, ("fault_rot_test", "--seed", row.seed % 2**31))
