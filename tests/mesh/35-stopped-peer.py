# SPDX-License-Identifier: MPL-2.0
"""One peer is frozen: the others do not notice; it catches up when it thaws."""
import signal
import time

from mesh import SLOW, Mesh, artifact, wait

with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("onap/ci-1")
    opnfv.follow("odl/")
    onap.follow("odl/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    onap.wait_peer(odl)
    onap.signal(signal.SIGSTOP)

    text = "x" * 190
    slowest = 0
    for i in range(60):
        start = time.monotonic()
        last = odl.publish(*[artifact(n=i, artifactName=text) for _ in range(100)])[-1]
        slowest = max(slowest, time.monotonic() - start)
    wait("opnfv has all", lambda: opnfv.status()["stored"] == 6000)
    assert slowest < 3 * SLOW, f"a publish took {slowest:.1f} s"
    wait("odl sees it down", lambda: not odl.peer("onap/ci-1")["up"], 30)

    onap.signal(signal.SIGCONT)
    wait("onap has caught up", lambda: onap.status()["stored"] == 6000, 60)
    wait("up again", lambda: odl.peer("onap/ci-1")["up"], 40)
