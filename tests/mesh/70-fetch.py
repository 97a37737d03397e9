#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""One event by its name: from its author, from a third node when the author
is away, stored only within what is followed; and what cannot be had."""
import json
import re
import sys

from mesh import BIN, Mesh, artifact, wait
import subprocess


def fetch(node, name, *args):
    run = subprocess.run([BIN, "--dir", node.dir, "fetch", name, *args],
                         capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout, run.stderr


with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("onap/ci-1")
    m.befriend()
    opnfv.follow("odl/")
    onap.follow("odl/ArtifactCreated/master/")
    m.start()
    for n in m.nodes:
        n.wait_peer(*(o for o in m.nodes if o is not n))
    master, stable = odl.publish(artifact(n=1), artifact(branch="stable", n=2))
    stable = "odl:" + stable["eventId"]
    master = "odl:" + master["eventId"]
    wait("opnfv has both", lambda: len(opnfv.all("odl/")) == 2)
    wait("onap has one", lambda: len(onap.all("odl/")) == 1)

    # What is here is shown, and nobody is asked.
    code, out, err = fetch(onap, master, "--json")
    assert code == 0 and "here already" in err, (code, out, err)
    assert json.loads(out)["eventId"] == master[4:]

    # What is not followed is shown, proven, and not stored.
    code, out, err = fetch(onap, stable, "--json")
    assert code == 0 and "odl/ci-1 had it" in err and "not stored" in err, (code, out, err)
    assert json.loads(out)["projectBranch"] == "stable" and json.loads(out)["node"] == "odl/ci-1"
    assert len(onap.all("odl/")) == 1
    code, out, err = fetch(onap, stable)
    assert re.search(r"^projectBranch +stable$", out, re.M), out

    # Its proof is one that anybody can check.
    code, out, _ = fetch(onap, stable, "--proof")
    assert onap.cli("verify", "-", text=out).strip().endswith(stable), out

    # Without its author: from whoever holds it.
    odl.kill()
    wait("onap sees odl gone", lambda: not onap.peer("odl/ci-1")["up"], 60)
    code, out, err = fetch(onap, stable, "--json")
    assert code == 0 and "opnfv/ci-1 had it" in err, (code, out, err)

    # What nobody has, what nobody could check, what is no name.
    code, out, err = fetch(onap, "odl:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88")
    assert code == 66 and "1 peers were asked, 1 answered" in err, (code, err)
    code, _, err = fetch(onap, "fdio:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88")
    assert code == 77 and "not in the roster" in err, (code, err)
    for bad in ("odl", "odl:1", stable[4:], "ODL:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88"):
        code, _, err = fetch(onap, bad)
        assert code == 64 and "COMMUNITY:ID" in err, (bad, code, err)
    code, _, err = fetch(onap, stable, "--prof")
    assert code == 64 and "--proof" in err, (code, err)
    assert onap.http("GET", "/v1/fetch/" + stable)[0] == 405
sys.exit(0)
