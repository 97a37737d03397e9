# SPDX-License-Identifier: MPL-2.0
"""A node that nobody can dial: it dials out, hears everything, and its peers
do not wait for it."""
import re

from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl, opnfv, home = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("home/ci-1")
    text = open(home.roster).read()
    open(home.roster, "w").write(re.sub(r" +(events|sync) = .*\n", "", text))
    home.follow("odl/")
    text = open(home.dir + "/cimesh.zpl").read()
    open(home.dir + "/cimesh.zpl", "w").write(re.sub(r" +(events|sync) = .*\n", "", text))
    m.befriend()
    m.start(odl, opnfv)
    odl.publish(*[artifact(n=i) for i in range(10)])
    home.start()
    assert "nobody dials it" in home.log_text()
    wait("history", lambda: home.status()["stored"] == 10)
    home.wait_peer(odl)
    odl.publish(artifact(n=10))
    wait("live", lambda: home.status()["stored"] == 11)
    assert not any("home" in w for w in odl.status()["warnings"])
    # It is heard by nobody yet, but keeps what it says.
    home.publish(artifact("home", n=1))
    assert home.status()["stored"] == 12
