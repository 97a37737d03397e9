# SPDX-License-Identifier: MPL-2.0
"""What matches a followed prefix arrives, live; nothing else does."""
from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("onap/ci-1")
    opnfv.follow("odl/ArtifactCreated/master/")
    onap.follow("odl/Art*", "opnfv/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    onap.wait_peer(odl, opnfv)

    odl.publish(artifact(n=1), artifact(branch="stable", n=2), artifact(branch="mast", n=3),
                {"eventType": "Nightly", "buildUrl": "https://ci.example.org/4"})
    last = odl.publish(artifact(n=5))[0]["eventId"]
    opnfv.publish(artifact("opnfv", n=6))

    wait("the last one at opnfv", lambda: last in opnfv.ids())
    wait("the last ones at onap", lambda: len(onap.all()) == 5)
    assert [e["artifactUrl"][-5:] for e in opnfv.all("odl/")] == ["1.zip", "5.zip"] or \
        [e["buildUrl"][-1] for e in opnfv.all("odl/")] == ["1", "5"]
    assert sorted(e["buildUrl"][-1] for e in onap.all("odl/")) == ["1", "2", "3", "5"]
    assert [e["buildUrl"][-1] for e in onap.all("opnfv/")] == ["6"]
    assert odl.status()["stored"] == 5, odl.status()  # nothing of opnfv: it follows nobody
    assert not any(n.status()["refused"] for n in m.nodes), [n.status() for n in m.nodes]
