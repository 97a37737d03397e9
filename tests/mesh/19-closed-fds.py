# SPDX-License-Identifier: MPL-2.0
"""Started without stdin, stdout or stderr: no file of the site gets one of
their numbers, so nothing that is said ends up in a database or a key."""
import os
import shlex
import subprocess

from mesh import BIN, Mesh, artifact

ALL = "<&- >&- 2>&-"


def standard(pid):
    """What the first three descriptors of a process are."""
    return [os.readlink(f"/proc/{pid}/fd/{n}") for n in range(3)]


with Mesh() as m:
    odl = m.node("odl/ci-1")

    def shell(*args, close=ALL):
        line = " ".join(map(shlex.quote, (BIN, "--dir", odl.dir, *args)))
        return subprocess.Popen(["sh", "-c", f"exec {line} {close}"])

    odl.process = shell("node")
    odl.wait_up()
    assert standard(odl.process.pid) == ["/dev/null"] * 3, standard(odl.process.pid)
    odl.publish(artifact(n=1))

    # A command whose output nobody can read does what it was asked for.
    assert shell("publish", "Seen", "buildUrl=https://ci.example.org/2").wait() == 0
    assert shell("bogus").wait() == 64
    assert shell("sub", "odl/", "--since", "all", "-C", "2").wait() == 0

    # The store is whole: nothing was written into it from the side.
    assert odl.stop() == 0
    odl.start()
    assert len(odl.ids()) == 2, odl.ids()
    assert odl.status()["storage"] == "ok"
