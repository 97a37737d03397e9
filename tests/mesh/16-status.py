# SPDX-License-Identifier: MPL-2.0
"""status, peers, hooks: for people, for programs, and without a node."""
import json

from mesh import Mesh, artifact, wait
from talk import run

with Mesh() as m:
    odl, onap = m.node("odl/ci-1"), m.node("onap/ci-1")
    onap.follow("odl/")
    onap.extra = ('hooks\n    note\n        topic = "odl/"\n'
                  '        exec = "/bin/false"\n        backfill = "yes"\n')
    onap.configure()
    m.befriend()
    for command in ([], ["status"], ["peers"], ["hooks"], ["hooks", "runs"]):
        out, err = run(odl, *command, code=69)
        assert out == "" and "no node answers" in err, err
    m.start()
    onap.wait_peer(odl)
    odl.publish(artifact(n=1), artifact(n=2))
    wait("they arrive", lambda: onap.status()["stored"] == 2)

    status = json.loads(run(odl, "status", "--json")[0])
    assert (status["node"], status["seq"], status["stored"]) == ("odl/ci-1", 2, 2), status
    assert status["ready"] is True and status["storage"] == "ok", status
    assert status["peers"] == {"up": 1, "all": 1} and status["gaps"] == 0, status
    assert status["refused"] == {}, status
    assert run(odl)[0] == run(odl, "status")[0]
    assert run(odl, "status")[0].startswith("odl/ci-1: ready, 1 of 1 peers up")

    peer = json.loads(run(onap, "peers", "--json")[0])[0]
    for key in ("node", "up", "lastSeen", "head", "cursors", "lag", "gaps", "refused",
                "twoWriters", "equivocation"):
        assert key in peer, peer
    assert peer["node"] == "odl/ci-1" and peer["up"] and peer["head"]["seq"] == 2, peer
    assert "odl/ci-1" in run(onap, "peers")[0]

    wait("the hook ran", lambda: "failed, exit 1" in run(onap, "hooks", "runs")[0])
    hook = json.loads(run(onap, "hooks", "list", "--json")[0])[0]
    assert (hook["name"], hook["topic"], hook["exec"]) == ("note", "odl/", "/bin/false"), hook
    done = json.loads(run(onap, "hooks", "runs", "note", "-n", "1", "--json")[0])
    assert done["hook"] == "note" and done["event"].startswith("odl:"), done
    assert "note  odl/" in run(onap, "hooks")[0]
    assert run(odl, "hooks")[0].startswith("no hooks")

    for args in (["status", "x"], ["peers", "x"], ["hooks", "run"], ["hooks", "runs", "-n", "0"],
                 ["status", "--jsn"]):
        run(odl, *args, code=64)

    # Its events would reach the peers for ever: only when asked for.
    _, err = run(odl, "bench", "--events", "10", code=77)
    assert "--yes" in err
    out, _ = run(odl, "bench", "--yes", "--connections", "8", "--events", "100", "--json")
    assert json.loads(out)["events"] >= 100, out
    assert len(odl.all("odl/CimeshBench")) == json.loads(out)["events"]

    # Columns stay columns, however long a state is.
    assert onap.stop() == 0
    wait("a long state", lambda: len(odl.peer("onap/ci-1")["state"]) > 20, 30)
    head, row = run(odl, "peers")[0].splitlines()[:2]
    at = head.index("LAST SEEN")
    assert row[at - 1] == " " and row[at] != " ", (head, row)
