# SPDX-License-Identifier: MPL-2.0
"""`reload` and `roster add` say by their exit code what the node did not
take, with the reason on stderr and what changed on stdout."""
import os
import shutil
import subprocess

from mesh import BIN, Mesh


def run(node, *args):
    """Exit code, stdout, stderr."""
    p = subprocess.run([BIN, "--dir", node.dir, *args], capture_output=True,
                       text=True, timeout=120)
    return p.returncode, p.stdout, p.stderr


def replace(path, old, new):
    with open(path) as f:
        text = f.read()
    assert old in text, text
    with open(path, "w") as f:
        f.write(text.replace(old, new))


with Mesh() as m:
    odl, opnfv, onap = (m.node(n + "/ci-1") for n in ("odl", "opnfv", "onap"))
    theirs = os.path.join(odl.dir, "roster", "opnfv.zpl")
    odl.trust(opnfv).start()
    assert run(odl, "reload") == (0, "nothing changed\n", "")

    # One bad file beside a good one: the good one is taken, the bad one named.
    replace(theirs, "events", "evnts")
    odl.trust(onap)
    code, out, err = run(odl, "reload")
    assert code == 78, (code, out, err)
    assert out == "roster onap: added, serial 1\n", out
    assert err.startswith("roster opnfv: refused") and "evnts" in err, err
    assert err.count("\n") == 1, err

    # Nothing but the bad file.
    code, out, err = run(odl, "reload")
    assert (code, out) == (78, "nothing changed\n") and "evnts" in err, err

    # Whoever adds another community is told of it, and did what was asked.
    odl.distrust(onap)
    assert run(odl, "reload")[0] == 78
    code, out, err = run(odl, "roster", "add", onap.roster)
    assert code == 0 and "evnts" in err and "onap: added" in err, err

    # A serial below the accepted one, which only the node knows.
    newer = os.path.join(m.dir, "newer.zpl")
    shutil.copy(opnfv.roster, newer)
    replace(newer, 'serial = "1"', 'serial = "3"')
    assert run(odl, "roster", "add", "--replace", newer)[0] == 0
    replace(theirs, "events", "evnts")
    code, out, err = run(odl, "roster", "add", "--replace", opnfv.roster)
    assert code == 78 and "roster opnfv: refused" in err, (code, err)

    # cimesh.zpl is all or nothing.
    shutil.copy(newer, theirs)
    assert run(odl, "reload")[0] == 0
    replace(os.path.join(odl.dir, "cimesh.zpl"), "readers", "redaers")
    code, out, err = run(odl, "reload")
    assert code == 78 and out == "" and "redaers" in err, (code, out, err)
    assert odl.status()["ready"]
