# SPDX-License-Identifier: MPL-2.0
"""A node ends where $CIMESH_FAILPOINT says, tells of a mistake there with 64,
and goes by the time that $CIMESH_TEST_CLOCK gives it."""
import os
import signal
import subprocess
from datetime import datetime

from mesh import BIN, Mesh, Refused, artifact, wait

DAY_MS = 24 * 3600 * 1000


def mistakes_are_told(node):
    for name, value in (("CIMESH_FAILPOINT", "store-commit=stop"),
                        ("CIMESH_FAILPOINT", "no-such-place=crash"),
                        ("CIMESH_TEST_CLOCK", node.dir + "/absent")):
        run = subprocess.run([BIN, "--dir", node.dir, "node"], capture_output=True,
                             text=True, timeout=20, env={**os.environ, name: value})
        assert run.returncode == 64 and name in run.stderr, (run.returncode, run.stderr)


def the_list_is_kept_from_users(node):
    names = [line.split("\t")[0] for line in node.cli("failpoints").splitlines()]
    assert len(names) > 40 and "store-commit" in names, names
    assert "failpoints" not in node.cli("help")


def an_init_that_was_killed_begins_anew(folder):
    for n, place in enumerate(["file-written=crash@1", "file-written=crash@2", "file-written=crash@3",
                               "file-named=crash@1", "file-named=crash@2"]):
        site, name = f"{folder}/{n}", f"c{n}/ci-1"
        init = [BIN, "--dir", site, "init", name]
        run = subprocess.run(init, capture_output=True, env={**os.environ, "CIMESH_FAILPOINT": place})
        assert run.returncode == -signal.SIGKILL, (place, run)
        init[-1] = "other/ci-1"
        run = subprocess.run(init, capture_output=True, text=True)
        assert run.returncode == 0 and run.stdout == f"{site}/roster/other.zpl\n", (place, run)
        assert [f for f in os.listdir(site + "/roster") if f[0] != "."] == ["other.zpl"], place
        subprocess.run([BIN, "--dir", site, "roster", "check"], check=True, capture_output=True)
        assert subprocess.run(init, capture_output=True).returncode == 78, place


def a_backup_takes_away_what_killed_ones_left(node):
    copy = node.dir + "/copy.db"
    for place in ("backup-step", "backup-whole"):
        run = subprocess.run([BIN, "--dir", node.dir, "backup", copy], capture_output=True,
                             env={**os.environ, "CIMESH_FAILPOINT": place + "=crash"})
        assert run.returncode == -signal.SIGKILL, (place, run)
    open(f"{copy}.tmp-{os.getpid()}", "w").close()  # another that is under way
    node.cli("backup", copy)
    left = sorted(f for f in os.listdir(node.dir) if f.startswith("copy.db"))
    assert left == ["copy.db", f"copy.db.tmp-{os.getpid()}"], left


def a_crash_comes_at_its_place(node):
    node.env["CIMESH_FAILPOINT"] = "store-event=crash@3"
    node.start()
    kept = node.publish(artifact(n=1), artifact(n=2))
    try:
        node.publish(artifact(n=3))
        raise AssertionError("acknowledged by a dead node")
    except (Refused, OSError):
        pass
    assert node.process.wait(timeout=20) == -signal.SIGKILL
    assert "FAILPOINT name=store-event passed=3" in node.log_text()
    node.env.pop("CIMESH_FAILPOINT")
    node.start()
    assert node.ids() == [e["eventId"] for e in kept]


def time_is_what_the_test_says(node):
    node.stop()
    node.clock.wall(0)
    node.start()
    before = node.publish(artifact(n=4))[0]["eventId"]
    node.clock.wall(40 * DAY_MS)
    after = node.publish(artifact(n=5))[0]["eventId"]
    at = {e["eventId"]: datetime.fromisoformat(e["receivedAt"][:19]) for e in node.all()}
    assert (at[after] - at[before]).days in (39, 40), at
    # A quarter of a minute without a word: monotonic time decides.
    node.clock.mono(DAY_MS)
    wait("still ready", lambda: node.get("/readyz")[0] == 200)


with Mesh() as m:
    odl = m.node("odl/ci-1")
    mistakes_are_told(odl)
    the_list_is_kept_from_users(odl)
    an_init_that_was_killed_begins_anew(m.dir + "/init")
    a_crash_comes_at_its_place(odl)
    a_backup_takes_away_what_killed_ones_left(odl)
    time_is_what_the_test_says(odl)
