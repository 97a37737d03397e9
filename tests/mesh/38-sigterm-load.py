# SPDX-License-Identifier: MPL-2.0
"""SIGTERM under load: exit 0 within 5 s, and what was acknowledged is there."""
import threading
import time

from mesh import SLOW, Mesh, Refused, artifact, wait


def load(node, stop, acked):
    while not stop.is_set():
        try:
            acked += [p["eventId"] for p in node.publish(*[artifact(n=i) for i in range(20)])]
        except (OSError, Refused, ValueError):
            return


with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    for n in odl, opnfv:  # once the publisher, once the follower
        stop, acked = threading.Event(), [[] for _ in range(4)]
        threads = [threading.Thread(target=load, args=(odl, stop, a), daemon=True) for a in acked]
        for t in threads:
            t.start()
        wait("load", lambda: sum(map(len, acked)) > 400)
        start = time.monotonic()
        assert n.stop() == 0
        assert time.monotonic() - start < 5 * SLOW
        stop.set()
        for t in threads:
            t.join()
        n.start()
        assert {i for a in acked for i in a} <= set(odl.ids())
        wait("the same at both", lambda: set(odl.ids()) == set(opnfv.ids()))
