# SPDX-License-Identifier: MPL-2.0
"""A key that is not in the roster gets nothing, and comes in by itself later."""
from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    opnfv.trust(odl)
    m.start()
    odl.publish(artifact(n=1))
    wait("opnfv is told why", lambda: "not let in" in opnfv.peer("odl/ci-1")["state"])
    wait("odl names the key", lambda: "LINK-REFUSED" in odl.log_text())
    odl.publish(artifact(n=2))
    assert opnfv.all() == [] and not opnfv.peer("odl/ci-1")["up"]

    odl.trust(opnfv)
    assert "opnfv" in odl.reload()
    opnfv.wait_peer(odl)
    odl.publish(artifact(n=3))
    wait("all three", lambda: len(opnfv.all()) == 3)
    assert [e["buildUrl"][-1] for e in opnfv.all()] == ["1", "2", "3"]
