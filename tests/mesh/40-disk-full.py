# SPDX-License-Identifier: MPL-2.0
"""A full disk: publishing is refused with 507, reading and serving go on, and
when there is room again publishing goes on, in a new epoch."""
import os

from mesh import Mesh, Refused, artifact, wait

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    full = odl.faults() + ".full"
    m.befriend()
    odl.start()
    places = odl.publish(*[artifact(n=i) for i in range(50)])

    open(full, "w").close()
    for n in range(3):
        try:
            odl.publish(artifact(n=100 + n))
            raise AssertionError("acknowledged on a full disk")
        except Refused as e:
            assert e.status == 507, e
    status = odl.status()
    assert status["storage"] == "full" and not status["ready"], status
    assert any("room" in w for w in status["warnings"]), status
    wait("not ready", lambda: odl.get("/readyz")[0] == 503)
    assert odl.get("/livez")[0] == 200
    assert len(odl.all()) == 50
    odl.cli("publish", "Nightly", "buildUrl=https://ci.example.org/1", code=75)

    opnfv.start()
    wait("it serves", lambda: opnfv.status()["stored"] == 50)

    os.unlink(full)

    def published():
        try:
            return odl.publish(artifact(n=200))
        except Refused as e:
            assert e.status in (503, 507), e
    new = wait("it goes on", published)[0]
    assert new["epoch"] > places[-1]["epoch"] and new["seq"] == 1, new
    wait("opnfv has it", lambda: opnfv.status()["stored"] == 51)
    wait("well again", lambda: odl.status()["storage"] == "ok" and odl.status()["ready"])
    assert not opnfv.status()["refused"] and opnfv.status()["gaps"] == 0

    # A follower without room catches up when there is.
    assert opnfv.stop() == 0
    full = opnfv.faults() + ".full"
    opnfv.start()
    opnfv.wait_peer(odl)
    open(full, "w").close()
    odl.publish(*[artifact(n=i) for i in range(300, 320)])
    wait("the follower is full", lambda: opnfv.status()["storage"] == "full")
    os.unlink(full)
    wait("the follower has all", lambda: opnfv.status()["stored"] == 71, 60)
    assert opnfv.status()["storage"] == "ok"
