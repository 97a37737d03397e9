# SPDX-License-Identifier: MPL-2.0
"""fsync fails: nothing is acknowledged after it, the node ends with 74 and a
sentence, and what it had acknowledged is there when it starts again."""
import http.client
import os

from mesh import Mesh, Refused, artifact, wait

with Mesh() as m:
    odl = m.node("odl/ci-1")
    sync = odl.faults() + ".sync"
    odl.start()
    acked = odl.publish(*[artifact(n=i) for i in range(20)])
    open(sync, "w").close()
    try:
        odl.publish(artifact(n=100))
        raise AssertionError("acknowledged without an fsync")
    except (Refused, OSError, ValueError, http.client.HTTPException):
        pass
    assert odl.process.wait(timeout=20) == 74
    odl.process = None
    assert "STORAGE-FAILED" in odl.log_text() and "check the disk" in odl.log_text()

    os.unlink(sync)
    odl.start()
    assert set(p["eventId"] for p in acked) <= set(odl.ids())
    new = odl.publish(artifact(n=101))[0]
    assert (new["epoch"], new["seq"]) not in {(p["epoch"], p["seq"]) for p in acked}
