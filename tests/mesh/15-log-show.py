# SPDX-License-Identifier: MPL-2.0
"""log, show and verify: what is stored, for people and for programs."""
import json
import os

from mesh import Mesh, artifact
from talk import lines, run

with Mesh() as m:
    node = m.node("odl/ci-1")
    m.start()
    run(node, "log")
    ids = []
    for part in range(5):
        ids += [p["eventId"] for p in
                node.publish(*(artifact(n=part * 1000 + i) for i in range(1000)))]
    node.publish({"eventType": "Weather", "buildUrl": "https://ci/1"})

    # All of it, over the pages.
    out, _ = run(node, "log", "--json")
    assert [json.loads(l)["eventId"] for l in lines(out)][:5000] == ids
    out, _ = run(node, "log")
    assert len(lines(out)) == 5001
    assert f"odl:{ids[0]}  odl/ArtifactCreated/master/  AUTORELEASE=SUCCESS  https://" in out
    out, _ = run(node, "log", "odl/Weather", "--since", "1h", "--template", "%{eventType}")
    assert out == "Weather\n"
    out, _ = run(node, "log", "-n", "3", "odl/ArtifactCreated/", "--json")
    assert [json.loads(l)["eventId"] for l in lines(out)] == ids[-3:]
    out, _ = run(node, "log", "--since", "odl:" + ids[4990], "--format", "seed")
    assert [json.loads(l)["EVENT_ID"] for l in lines(out)][:9] == ids[4991:]
    assert run(node, "log", "onap/")[0] == ""
    run(node, "log", "--since", "odl:018f6b2e-7c4d-7a3b-9e5f-0123456789ab", code=66)
    run(node, "log", "-n", "0", code=64)
    run(node, "log", "a//b", code=64)

    # One event.
    name = "odl:" + ids[17]
    out, _ = run(node, "show", name)
    assert f"eventId          {ids[17]}\n" in out and "confidenceLevel  AUTORELEASE=SUCCESS\n" in out
    event = json.loads(run(node, "show", ids[17], "--json")[0])
    assert (event["eventId"], event["seq"]) == (ids[17], 18)
    assert event == json.loads(node.http("GET", "/v1/events/" + name)[1])
    run(node, "show", "onap:" + ids[17], code=66)
    run(node, "show", "nonsense", code=64)
    run(node, "show", code=64)

    # Its proof, checked elsewhere and after the node is gone.
    proof, _ = run(node, "show", name, "--proof")
    assert sorted(json.loads(proof)) == ["slice", "topic"]
    path = os.path.join(m.dir, "proof.json")
    with open(path, "w") as f:
        f.write(proof)
    onap = m.node("onap/ci-1").trust(node)
    node.stop()
    out, _ = run(onap, "verify", path)
    assert out.startswith(f"ok odl/ci-1 {event['epoch']}/18 ") and out.endswith(name + "\n"), out
    run(node, "log", code=69)
    run(node, "show", name, code=69)
