# SPDX-License-Identifier: MPL-2.0
"""cimesh check: one line and an exit code for Nagios; --alive for containers."""
import os
import subprocess

from mesh import BIN, Mesh, artifact, wait


def check(node, *args):
    run = subprocess.run([BIN, "--dir", node.dir, "check", *args], capture_output=True, text=True)
    return run.returncode, run.stdout


with Mesh() as m:
    odl, onap = m.node("odl/ci-1"), m.node("onap/ci-1").follow("odl/")
    m.befriend()

    code, line = check(odl)
    assert code == 2 and line.startswith("CIMESH CRITICAL - "), (code, line)
    assert check(odl, "--alive")[0] == 1

    odl.start()
    code, line = check(odl)
    assert code == 1 and line.startswith("CIMESH WARNING - odl/ci-1: 1 peer is down"), line
    assert check(odl, "--alive") == (0, "")

    onap.start()
    odl.wait_peer(onap)
    odl.publish(artifact())
    code, line = check(odl)
    assert (code, line) == (0, "CIMESH OK - odl/ci-1: 1 of 1 peers up, nothing missing"
                               " | peers_up=1;;;0;1 gaps=0 stored=1c seq=1\n"), (code, line)

    with open(os.path.join(odl.dir, "roster", "bad.zpl"), "w") as f:
        f.write("roster = 1\n")
    odl.http("POST", "/v1/reload", "")
    wait("the warning shows", lambda: "1 warning" in check(odl)[1])
    assert check(odl)[0] == 1
    os.unlink(os.path.join(odl.dir, "roster", "bad.zpl"))

    assert check(odl, "--alve")[0] == 64
    os.rename(os.path.join(odl.dir, "cimesh.zpl"), odl.dir + ".zpl")
    assert check(odl)[0] == 3, "without a site nothing can be found out"
    os.rename(odl.dir + ".zpl", os.path.join(odl.dir, "cimesh.zpl"))
