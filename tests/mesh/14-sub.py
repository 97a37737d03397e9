# SPDX-License-Identifier: MPL-2.0
"""sub: what is stored, what comes, and every way it ends."""
import json
import select
import signal
import subprocess

from mesh import BIN, Mesh, SLOW, artifact, wait
from talk import environment, lines, run, start


def ended(process):
    out, err = process.communicate(timeout=60 * SLOW)
    return process.returncode, out, err


with Mesh() as m:
    node = m.node("odl/ci-1")
    m.start()
    first = [p["eventId"] for p in node.publish(*(artifact(n=i) for i in range(20)))]
    node.publish({"eventType": "Weather", "buildUrl": "https://ci/1"})

    # Stored ones, in arrival order; by prefix; from an event on; templates.
    out, _ = run(node, "sub", "odl/ArtifactCreated", "-C", "20", "--since", "all")
    assert [json.loads(l)["eventId"] for l in lines(out)] == first
    out, _ = run(node, "sub", "*", "-C", "1", "--since", "odl:" + first[9])
    assert json.loads(out)["eventId"] == first[10]
    out, _ = run(node, "sub", "odl/Wea*", "-C1", "--since", "1h", "--format", "seed")
    assert json.loads(out)["EVENT_TYPE"] == "Weather"
    out, _ = run(node, "sub", "odl/", "-C", "2", "--since", "all", "--template",
                 "%{artifactUrl} %{confidenceLevel.AUTORELEASE}")
    assert lines(out) == [f"https://nexus.example.org/odl/master/{i}.zip SUCCESS" for i in (0, 1)]

    # From now on: nothing of before, then everything.
    sub = start(node, "sub", "odl/")
    ids = []

    def publish_until_seen():
        ids.append(node.publish(artifact(n=100 + len(ids)))[0]["eventId"])
        return select.select([sub.stdout], [], [], 0)[0]

    wait("sub shows one", publish_until_seen)
    seen = json.loads(sub.stdout.readline())["eventId"]
    at = ids.index(seen)
    ids += [p["eventId"] for p in node.publish(*(artifact(n=i) for i in range(1000)))]
    for expected in ids[at + 1:]:
        assert json.loads(sub.stdout.readline())["eventId"] == expected
    sub.send_signal(signal.SIGINT)
    assert ended(sub) == (0, "", "")

    # Time, a reader that leaves, words that are wrong.
    run(node, "sub", "onap/", "-W", "1", code=124)
    head = subprocess.run(["/bin/sh", "-c", f"'{BIN}' sub odl --since all | head -n 3"],
                          env=environment(node), capture_output=True, text=True)
    assert len(lines(head.stdout)) == 3 and head.stderr == "", head.stderr
    sub = start(node, "sub", "odl/nothing")
    sub.stdout.close()
    assert sub.wait(timeout=60 * SLOW) == 0
    for args, code in ((["sub"], 64), (["sub", "a*b"], 64), (["sub", "odl", "-C", "0"], 64),
                       (["sub", "odl", "--since", "yesterday"], 64),
                       (["sub", "odl", "--format", "xml"], 64),
                       (["sub", "odl", "--template", "%{"], 64),
                       (["sub", "odl", "--since", "odl:018f6b2e-7c4d-7a3b-9e5f-0123456789ab"], 66)):
        assert run(node, *args, code=code)[0] == ""

    # The node stops.
    sub = start(node, "sub", "odl/", "--since", "all")
    assert json.loads(sub.stdout.readline())["eventId"] == first[0]
    node.stop()
    code, _, err = ended(sub)
    assert code == 69 and "stopped" in err, (code, err)
    run(node, "sub", "odl/", code=69)
