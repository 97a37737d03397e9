#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Every read of a store fails in turn: each call gives what was sealed or says
so, and when reads work again the same reader gives everything."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from forms import run_forms  # noqa: E402

with Row("B3", "reads fail, once or for good; bad pages", unit="failed reads", short=50, long=180) as row:
    run_forms(row, ("fault_read_test", "--seed", row.seed % 2**31))
