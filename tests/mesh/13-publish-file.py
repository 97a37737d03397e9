# SPDX-License-Identifier: MPL-2.0
"""publish --file: lines or one object, every form, parts of 1,024."""
import json
import os

from mesh import Mesh, artifact
from talk import lines, run

ID = "018f6b2e-7c4d-7a3b-9e5f-%012x"
SEED = {"BUILD_URL": "https://ci/1", "ARTIFACT_URL": "https://n/1", "PROJECT_BRANCH": "master",
        "AUTORELEASE": "SUCCESS"}
OPENCI = {"type": "ArtifactPublishedEvent", "id": ID % 1, "time": "12:34:56UTC", "origin": "ODL",
          "buildUrl": "https://url/to/build/", "branch": "master",
          "artifactLocation": "https://url/to/artifact", "confidenceLevel": {"odlRelease": "SUCCESS"}}


def many(first, n, **more):
    return "".join(json.dumps(artifact(n=i, eventId=ID % i, **more)) + "\n"
                   for i in range(first, first + n))


def stored(node):
    return node.status()["stored"]


with Mesh() as m:
    node = m.node("odl/ci-1")
    m.start()

    # One object over many lines; every form in one file; blank lines.
    run(node, "publish", "--file", "-", text=json.dumps(artifact(n=1), indent=2))
    mixed = "\n\n".join(map(json.dumps, (SEED, OPENCI, artifact(n=2)))) + "\r\n"
    out, _ = run(node, "publish", "--file", "-", text=mixed)
    assert lines(out) == [e["eventId"] for e in node.all()[1:]], out
    assert [e["projectBranch"] for e in node.all()] == ["master"] * 4

    # In order, in parts; again, nothing is stored twice.
    path = os.path.join(m.dir, "events.ndjson")
    with open(path, "w") as f:
        f.write(many(1000, 2500))
    expected = [ID % i for i in range(1000, 3500)]
    out, _ = run(node, "publish", "--file", path)
    assert lines(out) == expected
    assert node.ids()[4:] == expected
    out, _ = run(node, "publish", "--file", path)
    assert lines(out) == expected and stored(node) == 2504

    # All or nothing within a part; what was acknowledged before is printed.
    out, err = run(node, "publish", "--file", "-", code=65,
                   text=many(5000, 10) + '{"eventType":"Weather"}\n' + many(5010, 5))
    assert out == "" and "stdin: event 11: buildUrl" in err, err
    assert stored(node) == 2504
    out, err = run(node, "publish", "--file", "-", code=65,
                   text=many(5000, 1500) + "{nonsense}\n" + many(6500, 5))
    assert lines(out) == [ID % i for i in range(5000, 6024)]
    assert "event 1501" in err, err
    assert "with the requests before it events 1 to 1024 are published" in err, err
    assert stored(node) == 2504 + 1024

    # An id used for other content: nothing of the request.
    _, err = run(node, "publish", "--file", "-", code=65,
                 text=many(7000, 3) + many(1000, 1, artifactName="other"))
    assert "event 4" in err and ID % 1000 in err, err
    assert stored(node) == 3528

    # Inside a hook, each gets its cause, in its own form.
    run(node, "publish", "--file", "-", CIMESH_EVENT="onap:" + ID % 9,
        text="".join(json.dumps(e) + "\n" for e in (
            {**SEED, "BUILD_URL": "https://ci/9"}, artifact(n=9, links=[
                {"rel": "subject", "of": "odl", "id": ID % 8}]))))
    cause = {"rel": "cause", "of": "onap", "id": ID % 9}
    assert [e["links"][-1] for e in node.all()[-2:]] == [cause, cause]
    assert len(node.all()[-1]["links"]) == 2

    for text, part in (("", "no event"), (" \n\n", "no event"), ("[]", "object"),
                       ('{"eventType":"A", "eventType":"B"}', "JSON"),
                       ('{"ext":"' + "x" * 300000, "256 KiB")):
        _, err = run(node, "publish", "--file", "-", code=65, text=text)
        assert part in err, (text[:50], err)
    # A line without an end is read only as far as an event may go.
    _, err = run(node, "publish", "--file", "-", code=65, text="x" * 3000000)
    assert "line 1 has more than 256 KiB" in err, err
    run(node, "publish", "--file", "/nowhere/x", code=66)
    run(node, "publish", "Weather", "--file", path, code=64)
