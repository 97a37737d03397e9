# SPDX-License-Identifier: MPL-2.0
"""Two nodes with one key: who hears of the other is told, then stops."""
import shutil

from mesh import Mesh, Refused, artifact, free_port, wait


def again(node):
    """Heads are asked on every connect: sooner than waiting for the next."""
    assert node.stop() == 0
    node.start()


with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    odl.publish(artifact(n=1))
    wait("the first", lambda: opnfv.status()["stored"] == 1)
    # A clone of the site, without its data, on other ports.
    clone = m.node("odl/ci-2")
    shutil.rmtree(clone.dir)
    shutil.copytree(odl.dir, clone.dir, ignore=shutil.ignore_patterns("cimesh.db*", "run"))
    clone.name = "odl/ci-1"
    clone.events = f"tcp://127.0.0.1:{free_port()}"
    clone.sync = f"tcp://127.0.0.1:{free_port()}"
    clone.configure()
    clone.start()

    # Nobody dials the clone, but it hears through opnfv what the other says.
    odl.publish(artifact(n=2))
    wait("opnfv has it", lambda: opnfv.status()["stored"] == 2)
    again(opnfv)
    wait("the clone is told", lambda: clone.status()["twoWriters"], 60)
    assert "LOG-TWO-WRITERS" in clone.log_text()
    assert "two nodes sign with the key of odl/ci-1" in clone.cli("doctor", code=None)
    assert clone.publish(artifact(n=3)), "once may be a clock; it goes on"

    # The second, in a higher epoch, is no accident.
    assert odl.stop() == 0
    odl.start()
    odl.publish(artifact(n=4))
    wait("opnfv has it", lambda: opnfv.status()["stored"] == 3)
    again(opnfv)

    def stopped():
        try:
            clone.publish(artifact(n=5))
        except Refused as e:
            return e.status == 503 and "two writers" in clone.status()["publishing"]
    wait("the clone stops publishing", stopped, 60)
    assert not odl.status()["twoWriters"]
