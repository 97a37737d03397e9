# SPDX-License-Identifier: MPL-2.0
"""Reload: adding costs nobody anything, who is removed is cut off at once, a
bad file changes nothing and says why."""
import signal

from mesh import Mesh, Refused, artifact, wait

with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("onap/ci-1")
    opnfv.follow("odl/")
    onap.follow("odl/")
    for n in opnfv, onap:
        n.trust(odl)
    odl.trust(opnfv)
    m.start()
    opnfv.wait_peer(odl)
    odl.publish(artifact(n=1))
    wait("opnfv has it", lambda: opnfv.status()["stored"] == 1)

    # Add: the link to opnfv stays the same one.
    odl.trust(onap)
    assert "onap: added" in odl.reload()
    onap.wait_peer(odl)
    odl.publish(artifact(n=2))
    wait("both have it", lambda: opnfv.status()["stored"] == onap.status()["stored"] == 2)
    assert "PEER-DOWN" not in opnfv.log_text() + odl.log_text()

    # Remove: opnfv gets nothing more; onap misses nothing.
    odl.distrust(opnfv)
    assert "opnfv: removed" in odl.reload()
    odl.publish(artifact(n=3))
    wait("onap has it", lambda: onap.status()["stored"] == 3)
    wait("opnfv sees the link down", lambda: not opnfv.peer("odl/ci-1")["up"], 30)
    assert opnfv.status()["stored"] == 2
    assert [p["node"] for p in [odl.peer("onap/ci-1")]] == ["onap/ci-1"]

    # A bad file: named, its accepted version stays in force, also at start.
    path = odl.dir + "/roster/onap.zpl"
    good = open(path).read()
    open(path, "w").write(good.replace("events", "evnts"))
    text = odl.reload()
    assert "onap: refused" in text and "evnts" in text, text
    assert any("evnts" in w for w in odl.status()["warnings"])
    assert odl.stop() == 0
    odl.start()
    odl.publish(artifact(n=4))
    wait("onap has it", lambda: onap.status()["stored"] == 4)
    open(path, "w").write(good)
    odl.signal(signal.SIGHUP)
    wait("the warning is gone", lambda: not odl.status()["warnings"])

    # cimesh.zpl is all or nothing.
    odl.extra = "nonsense = 1\n"
    odl.configure()
    try:
        odl.reload()
        raise AssertionError("a bad cimesh.zpl was taken")
    except Refused as e:
        assert "nonsense" in e.text, e.text
    odl.publish(artifact(n=5))
    wait("still running", lambda: onap.status()["stored"] == 5)
    odl.extra = ""
    odl.configure()
