# SPDX-License-Identifier: MPL-2.0
"""Host names: one that resolves is dialled, one that does not harms nobody."""
from mesh import Mesh, artifact, wait


def by_name(node, host):
    """The node is found under this name, not by its address."""
    text = open(node.roster).read().replace("127.0.0.1", host)
    open(node.roster, "w").write(text)


with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("onap/ci-1")
    by_name(odl, "localhost")
    by_name(onap, "host.invalid")
    opnfv.follow("*")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    last = odl.publish(artifact(n=1))[0]["eventId"]
    wait("the event", lambda: last in opnfv.ids())
    wait("opnfv says why", lambda: "does not resolve" in opnfv.peer("onap/ci-1")["state"])
    # onap dials the others, whatever they think of its name.
    onap.wait_peer(odl, opnfv)
