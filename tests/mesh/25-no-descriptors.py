# SPDX-License-Identifier: MPL-2.0
"""A member dials until the node has no file descriptor left, while the node
itself dials a peer that is away: it lives on, and all links come back."""
import os

import zmq

from mesh import Mesh, artifact, wait
from wire import EvilNode, Key, base64_z85, curve_public

LIMIT = 160

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    evil = m.node("evil/ci-1")
    m.befriend()
    odl.wrap = ["prlimit", f"--nofile={LIMIT}:{LIMIT}", "--"]
    odl.start()
    opnfv.start()
    opnfv.wait_peer(odl)
    odl.publish(artifact(n=1))

    member = EvilNode(evil)
    key, dialled = Key(odl.dir + "/keys/node.key"), []
    for _ in range(2 * LIMIT):
        sock = member.ctx.socket(zmq.SUB)
        member._curve(sock)
        sock.curve_serverkey = base64_z85(curve_public(key.curve))
        sock.subscribe(b"!head/")
        sock.connect(odl.events)
        dialled.append(sock)
    fds = f"/proc/{odl.process.pid}/fd"
    wait("all descriptors are taken", lambda: len(os.listdir(fds)) >= LIMIT - 2)
    opnfv.kill()
    wait("it dials anew, in vain", lambda: "LINK-SOCKET" in odl.log_text(), 90)
    assert odl.alive()

    for sock in dialled:
        sock.close(0)
    opnfv.start()
    opnfv.wait_peer(odl)
    odl.publish(artifact(n=2))
    wait("opnfv has all", lambda: opnfv.status()["stored"] == 2, 60)
    member.close()
