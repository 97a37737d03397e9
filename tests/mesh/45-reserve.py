# SPDX-License-Identifier: MPL-2.0
"""Room is nearly gone: no events are taken, own or others', while the node
serves, answers and notes what it has; with a reserve again it goes on."""
import os

from mesh import Mesh, Refused, artifact, wait

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    reserve = os.path.join(odl.dir, "data", "cimesh.db.reserve")
    wait("64 MiB are reserved", lambda: os.path.exists(reserve)
         and os.stat(reserve).st_blocks * 512 >= 64 << 20)
    known = artifact(n=1, eventId="019a0000-0000-7000-8000-000000000001")
    odl.publish(known, artifact(n=2))
    wait("opnfv has both", lambda: opnfv.status()["stored"] == 2)
    assert odl.stop() == 0

    # More than any disk has: low from the start, and the start goes well.
    odl.extra = 'store\n    reserve = "8000T"\n'
    odl.follows = ["opnfv/"]
    odl.configure()
    odl.start(wait_ready=False)
    wait("low", lambda: odl.alive() and odl.get("/livez")[0] == 200
         and odl.status()["storage"] == "low")
    assert not os.path.exists(reserve)
    assert any("reserve" in w for w in odl.status()["warnings"]), odl.status()
    wait("not ready", lambda: odl.get("/readyz")[0] == 503)
    for n in range(2):
        try:
            odl.publish(artifact(n=10 + n))
            raise AssertionError("acknowledged without a reserve")
        except Refused as e:
            assert e.status == 507, e
    odl.cli("publish", "Nightly", "buildUrl=https://ci.example.org/1", code=75)
    again = odl.publish(known)[0]
    assert again["seq"] == 1 and len(odl.all()) == 2, again
    opnfv.publish(artifact(community="opnfv", n=1))
    odl.wait_peer(opnfv)
    assert odl.status()["stored"] == 2
    assert odl.stop() == 0

    odl.extra = 'store\n    reserve = "1M"\n'
    odl.configure()
    odl.start()
    wait("opnfv's event came", lambda: odl.status()["stored"] == 3)
    odl.publish(artifact(n=20))
    wait("opnfv has it", lambda: opnfv.status()["stored"] == 4)
    wait("smaller", lambda: os.stat(reserve).st_size == 1 << 20)
