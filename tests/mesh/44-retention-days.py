# SPDX-License-Identifier: MPL-2.0
"""Retention by age and by size: the oldest events go, their positions stay
used, a follower keeps its own, and one that comes too late is told what it
cannot have. Days pass on the test clock."""
from mesh import Mesh, artifact, wait

DAY_MS = 86400 * 1000

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    onap = m.node("onap/ci-1").follow("odl/")
    odl.extra = 'store\n    keep-days = "1"\n'
    odl.configure()
    clock = odl.clock
    m.befriend()
    m.start(odl, opnfv)
    opnfv.wait_peer(odl)
    first = odl.publish(*[artifact(n=i, eventId=f"019a0000-0000-7000-8000-{i:012x}") for i in range(1, 6)])
    wait("opnfv has them", lambda: opnfv.status()["stored"] == 5)

    clock.wall(2 * DAY_MS)
    second = odl.publish(artifact(n=6))
    assert second[0]["seq"] == 6, second
    clock.mono(61_000)
    wait("the old ones are gone", lambda: odl.status()["stored"] == 1)
    assert odl.ids() == [second[0]["eventId"]]
    assert opnfv.status()["stored"] == 6 and opnfv.status()["gaps"] == 0

    # Published before: the same place, though its event is gone.
    again = odl.publish(artifact(n=2, eventId=first[1]["eventId"]))
    assert (again[0]["epoch"], again[0]["seq"]) == (first[1]["epoch"], 2), again
    assert odl.status()["stored"] == 1

    # Who comes later gets from a third what the author no longer has.
    onap.trust(odl)
    onap.distrust(opnfv)
    onap.start()
    wait("onap has what there is", lambda: onap.status()["stored"] == 1)
    wait("and knows what is missing", lambda: onap.status()["gaps"] == 5)
    onap.trust(opnfv)
    onap.reload()
    wait("another peer has it", lambda: onap.status()["stored"] == 6, 60)
    assert onap.status()["gaps"] == 0

    # After a restart it is all the same.
    assert odl.stop() == 0
    odl.start()
    assert odl.publish(artifact(n=7))[0]["epoch"] > first[0]["epoch"]
    wait("opnfv goes on", lambda: opnfv.status()["stored"] == 7)
    assert odl.status()["stored"] == 2

    # By size: the newest few hundred are kept, whatever their age.
    odl.extra = 'store\n    keep-size = "100K"\n'
    odl.configure()
    odl.reload()
    for i in range(20):
        odl.publish(*[artifact(n=100 + 50 * i + k) for k in range(50)])
    clock.mono(122_000)
    wait("the oldest went", lambda: odl.status()["stored"] < 600)
    kept = odl.all()
    size = sum(len(str(e)) for e in kept)
    assert 100 < len(kept), len(kept)
    assert [e["seq"] for e in kept] == list(range(kept[0]["seq"], kept[0]["seq"] + len(kept)))
    assert kept[-1]["buildUrl"].endswith("/1099"), kept[-1]
    wait("opnfv kept all", lambda: opnfv.status()["stored"] == 1007)
