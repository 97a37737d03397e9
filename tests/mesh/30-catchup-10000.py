# SPDX-License-Identifier: MPL-2.0
"""A follower that was down while 10,000 events were published has them all."""
from mesh import Mesh, artifact, wait

N, STEP = 10000, 1000

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    m.start()
    first = odl.publish(artifact(n=0))
    wait("the first, live", lambda: opnfv.status()["stored"] == 1)
    assert opnfv.stop() == 0
    places = list(first)
    for at in range(1, N, STEP):
        places += odl.publish(*[artifact(n=i) for i in range(at, min(at + STEP, N))])
    assert len(places) == N and [p["seq"] for p in places] == list(range(1, N + 1))
    opnfv.start()
    wait("all of them", lambda: opnfv.status()["stored"] == N, 30)
    got = opnfv.all("odl/")
    assert [e["eventId"] for e in got] == [p["eventId"] for p in places], "not in order"
    peer = wait("complete", lambda: (lambda p: p if p["lag"] == 0 else None)(opnfv.peer("odl/ci-1")))
    assert peer["gaps"] == 0 and not opnfv.status()["refused"], (peer, opnfv.status())
