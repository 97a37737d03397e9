# SPDX-License-Identifier: MPL-2.0
"""A member that subscribes to too much is cut off; nobody else is."""
import zmq

from mesh import Mesh, artifact, wait
from wire import EvilNode

with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/"), m.node("onap/ci-1")
    m.befriend()
    m.start(odl, opnfv)
    opnfv.wait_peer(odl)
    before = odl.connections()
    evil = EvilNode(onap)
    sub = evil.dial(zmq.SUB, odl)
    sub.setsockopt(zmq.SNDHWM, 0)
    sub.setsockopt(zmq.SUBSCRIBE, b"odl/")
    odl.publish(artifact(n=1))
    wait("within its quota it is served", lambda: sub.poll(50) or odl.publish(artifact(n=1)))
    for i in range(300):
        sub.setsockopt(zmq.SUBSCRIBE, b"odl/%d/" % i)

    def suspended():
        sub.poll(50)  # libzmq sends subscriptions when the socket is served
        return odl.refused("quota")
    wait("counted as quota", suspended)
    assert "LINK-SUSPENDED" in odl.log_text() and "onap/ci-1" in odl.log_text()
    assert before and before <= odl.connections(), "others were cut as well"
    while sub.poll(0):
        sub.recv_multipart()

    last = odl.publish(artifact(n=2))[0]["eventId"]
    wait("opnfv has everything", lambda: last in opnfv.ids())
    odl.publish(artifact(n=3))
    assert not sub.poll(3000), "a suspended key got an event"
    evil.close()
