# SPDX-License-Identifier: MPL-2.0
"""Something on the way forgets the sync connection, not that of the events: no
ask is ever answered on it, while beacons go on. It is made anew."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rig"))
from mesh import Mesh, artifact, wait
from proxy import Proxy

with Mesh() as m, Proxy() as proxy:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/ArtifactCreated/master/")
    m.befriend()
    link = proxy.link(opnfv, odl, ends=["sync"])
    for n in odl, opnfv:
        n.clock.mono(0)
    m.start()
    opnfv.wait_peer(odl)
    odl.publish(*[artifact(n=i, branch=["master", "stable"][i % 2]) for i in range(20)])
    wait("its half live", lambda: opnfv.status()["stored"] == 10)

    link.forget()
    opnfv.follow("odl/")
    opnfv.reload()

    def hurry():
        """Both clocks, so that beacons come as often as they should."""
        for n in odl, opnfv:
            if n.clock.mono_ms < 300_000:
                n.clock.mono(n.clock.mono_ms + 1500)
        time.sleep(0.2)
        assert opnfv.peer("odl/ci-1")["up"], "its beacons come, but it counts as down"
        return opnfv.status()["stored"] == 20

    wait("the other half by catch-up", hurry, 60)
    assert "LINK-ANEW" not in opnfv.log_text(), "the live connection was cut as well"
