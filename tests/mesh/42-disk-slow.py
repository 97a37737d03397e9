# SPDX-License-Identifier: MPL-2.0
"""A follower whose disk is slow stops reading its peers instead of growing, and
has everything in the end."""
import os
import threading

from mesh import Mesh, artifact, wait

N, THREADS = 400, 8


def load(node, places):
    for i in range(N):
        places += node.publish(artifact(community=node.community, n=i))


with Mesh() as m:
    # Two: each alone only uses up its own share of the follower.
    odl, onap = m.node("odl/ci-1"), m.node("onap/ci-1")
    opnfv = m.node("opnfv/ci-1").follow("odl/", "onap/")
    slow = opnfv.faults() + ".slow"
    m.befriend()
    m.start()
    opnfv.wait_peer(odl, onap)
    open(slow, "w").close()
    places = [[] for _ in range(THREADS)]
    threads = [threading.Thread(target=load, args=(node, p), daemon=True)
               for node, p in zip([odl, onap] * THREADS, places)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    wait("it held its links", lambda: "LINK-HELD" in opnfv.log_text(), 40)
    os.unlink(slow)
    wait("all", lambda: opnfv.status()["stored"] == N * THREADS, 60)
    want = sorted((p["node"], p["epoch"], p["seq"]) for some in places for p in some)
    assert sorted((e["node"], e["epoch"], e["seq"]) for e in opnfv.all()) == want
    last = odl.publish(artifact(n=1))[0]["eventId"]
    wait("live again", lambda: last in opnfv.ids())
    assert not opnfv.status()["refused"], "a peer is blamed for our disk"
