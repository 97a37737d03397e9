# SPDX-License-Identifier: MPL-2.0
"""A prefix added later gets its history; one added with since = "now" does not."""
from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/ArtifactCreated/master/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    odl.publish(*[artifact(n=i, branch=["master", "stable", "old"][i % 3]) for i in range(300)])
    wait("master", lambda: opnfv.status()["stored"] == 100)

    opnfv.follow("odl/ArtifactCreated/stable/")
    assert "stable" in opnfv.reload()
    wait("stable's history", lambda: opnfv.status()["stored"] == 200)
    odl.publish(artifact(n=300, branch="stable"))
    wait("and its present", lambda: opnfv.status()["stored"] == 201)

    opnfv.configure()
    path = opnfv.dir + "/cimesh.zpl"
    later = '    later\n        topic = "odl/ArtifactCreated/old/"\n        since = "now"\n'
    text = open(path).read().replace("follow\n", "follow\n" + later)
    open(path, "w").write(text)
    opnfv.reload()
    odl.publish(artifact(n=301, branch="old"))
    wait("from now on", lambda: any(e["projectBranch"] == "old" for e in opnfv.all()))
    assert opnfv.status()["stored"] == 202

    # Unfollowed: nothing more of it comes, what is there stays.
    opnfv.follows.remove("odl/ArtifactCreated/stable/")
    opnfv.configure()
    assert "removed" in opnfv.reload()
    odl.publish(artifact(n=302, branch="stable"))
    odl.publish(artifact(n=303, branch="master"))
    wait("master goes on", lambda: any(e["buildUrl"].endswith("/303") for e in opnfv.all()))
    assert opnfv.status()["stored"] == 203
