#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Every sync of a work fails in turn: no commit is acknowledged after it, none
is called full, and after a power cut what was acknowledged before is there.
That a node ends with 74 is tests/mesh/41-disk-fails.py."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row  # noqa: E402
from forms import run_forms  # noqa: E402

with Row("A5", "fsync fails, once or for good, EIO or ENOSPC", unit="failed syncs", short=200, long=1500) as row:
    run_forms(row, ("fault_sync_test", "--seed", row.seed % 2**31))
