# SPDX-License-Identifier: MPL-2.0
"""No room on the disk when a rule decides: the decisions are made again when
there is, and said once."""
import os

from mesh import Mesh, wait
from promotion import baseline, caught_up, outcomes, rule, stamp

with Mesh() as m:
    opnfv = m.node("opnfv/ci-1")
    full = opnfv.faults() + ".full"
    opnfv.start()
    opnfv.publish(baseline("b-0"), baseline("b-1"))
    opnfv.publish(stamp("b-0", A="SUCCESS"), stamp("b-1", A="FAILURE"))

    open(full, "w").close()
    opnfv.extra = rule(extra='backfill = "yes"', require='a = "opnfv:A=SUCCESS"')
    opnfv.configure()
    opnfv.reload()
    wait("they are made", lambda: "PROMOTE rule=release" in opnfv.log_text())
    wait("there is no room", lambda: opnfv.status()["storage"] != "ok")
    assert not outcomes(opnfv)

    os.unlink(full)
    want = {"b-0": ["SUCCESS"], "b-1": ["FAILURE"]}
    wait("they are said", lambda: outcomes(opnfv) == want, 40)
    wait("all looked at", lambda: caught_up(opnfv))
    opnfv.kill()
    opnfv.start()
    wait("all looked at", lambda: caught_up(opnfv))
    assert outcomes(opnfv) == want
