# SPDX-License-Identifier: MPL-2.0
"""What keeps a node from starting: an exit code and a sentence for each."""
import os
import subprocess

from mesh import BIN, Mesh, artifact


def refused(node, code, *words):
    run = subprocess.run([BIN, "--dir", node.dir, "node"], capture_output=True, text=True, timeout=60)
    assert run.returncode == code, (run.returncode, run.stderr)
    assert all(w in run.stderr for w in words), run.stderr


with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1")
    odl.start()
    odl.publish(artifact(n=1))
    refused(odl, 75, str(odl.process.pid))  # a second one on the same data

    opnfv.events = odl.events
    opnfv.configure()
    refused(opnfv, 71, odl.events)  # the address is taken
    opnfv.extra = "hoks\n"
    opnfv.configure()
    refused(opnfv, 78, "cimesh.zpl:", "hooks")
    opnfv.extra = ""
    opnfv.configure()
    key = opnfv.dir + "/keys/node.key"
    os.chmod(key, 0o644)
    refused(opnfv, 77, "node.key")
    os.chmod(key, 0o600)
    os.replace(key, key + ".away")
    refused(opnfv, 78, "node.key")
    third = m.node("onap/ci-1")
    os.replace(third.dir + "/keys/node.key", key)
    refused(opnfv, 78, "keys of opnfv/ci-1")
    os.replace(key + ".away", key)
    os.unlink(opnfv.roster)
    refused(opnfv, 78, "opnfv/ci-1")
