# SPDX-License-Identifier: MPL-2.0
"""kill -9 of the publisher under load: what it acknowledged arrives everywhere,
once; a retry after no answer makes no second event."""
import threading
import time
import uuid

from mesh import Mesh, Refused, artifact, wait


def load(node, stop, acked):
    """Publishes one by one, each until it is acknowledged."""
    n = 0
    while not stop.is_set():
        n += 1
        event = artifact(n=n, eventId=str(uuid.uuid4()), eventTime=1700000000000 + n)
        while True:
            try:
                acked += [p["eventId"] for p in node.publish(event, timeout=5)]
                break
            except (OSError, Refused, ValueError):
                if stop.is_set():
                    return
                time.sleep(0.02)


with Mesh() as m:
    odl = m.node("odl/ci-1")
    others = [m.node("opnfv/ci-1").follow("odl/"), m.node("onap/ci-1").follow("odl/")]
    m.befriend()
    m.start()
    for o in others:
        o.wait_peer(odl)
    stop, acked = threading.Event(), [[] for _ in range(4)]
    threads = [threading.Thread(target=load, args=(odl, stop, a), daemon=True) for a in acked]
    for t in threads:
        t.start()
    for _ in range(3):
        had = sum(map(len, acked))
        wait("some are acknowledged", lambda: sum(map(len, acked)) > had + 100, 40)
        odl.kill()
        odl.start(wait_ready=False)
    odl.wait_up()
    had = sum(map(len, acked))
    wait("more are acknowledged", lambda: sum(map(len, acked)) > had + 20)
    stop.set()
    for t in threads:
        t.join()

    want = {i for a in acked for i in a}
    own = odl.ids()
    assert want <= set(own) and len(own) == len(set(own)), "lost or doubled at the publisher"
    for o in others:
        wait(f"{o.name} has all", lambda: o.status()["stored"] == len(own), 40)
        got = o.all()
        assert sorted(e["eventId"] for e in got) == sorted(own)
        for epoch in {e["epoch"] for e in got}:
            seqs = sorted(e["seq"] for e in got if e["epoch"] == epoch)
            assert seqs == list(range(1, len(seqs) + 1)), "a gap"
        assert not o.status()["refused"], o.status()
