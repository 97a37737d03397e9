# SPDX-License-Identifier: MPL-2.0
"""publish: words, the job's environment, links, and how it is refused."""
import json
import uuid

from mesh import Mesh
from talk import lines, run

ID = "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"


def newest(node):
    return json.loads(node.http("GET", "/v1/events?newest=1&limit=1")[1])


def words(node):
    out, _ = run(node, "publish", "ArtifactCreated", "projectBranch=master",
                 "artifactUrl=https://nexus.example.org/a.zip",
                 "confidenceLevel.AUTORELEASE=SUCCESS", "ext.team=build",
                 "ext.size:=17", 'ext.parts:=["a",true]',
                 BUILD_URL="https://ci.example.org/1")
    event = newest(node)
    assert out == event["eventId"] + "\n", out
    assert uuid.UUID(out.strip()).version == 7
    assert event["topic"] == "odl/ArtifactCreated/master/"
    assert event["buildUrl"] == "https://ci.example.org/1"
    assert event["confidenceLevel"] == {"AUTORELEASE": "SUCCESS"}
    assert event["ext"] == {"team": "build", "size": 17, "parts": ["a", True]}
    run(node, "publish", "BaselineDefined", "baselineName=b", "consistsOf=x,y",
        "baselineUrl=https://b", "buildUrl=https://ci/2", BUILD_URL="https://no")
    event = newest(node)
    assert event["consistsOf"] == ["x", "y"] and event["buildUrl"] == "https://ci/2"
    run(node, "publish", "Review", "buildUrl=https://ci/3", "--topic", "odl/Review/docs")
    assert newest(node)["topic"] == "odl/Review/docs/"


def same_id(node):
    args = ["publish", "Weather", "buildUrl=https://ci/1", "eventId=" + ID]
    first, _ = run(node, *args, "--json")
    again, _ = run(node, *args, "--json")
    assert json.loads(first)["again"] is False
    assert json.loads(again) == {**json.loads(first), "again": True}
    _, err = run(node, *args, "ext.a=b", code=65)
    assert ID in err and "other content" in err, err


def from_env(node):
    job = {"BUILD_URL": "https://ci/77", "ARTIFACT_URL": "https://n/7.zip",
           "PROJECT_BRANCH": "stable", "EVENT_ID": ID, "BASELINE_NAME": "not for this"}
    first, _ = run(node, "publish", "ArtifactCreated", "--from-env", "confidenceLevel.A=SUCCESS",
                   "confidenceLevel.B=FAILURE", **job)
    again, _ = run(node, "publish", "ArtifactCreated", "--from-env", "confidenceLevel.B=FAILURE",
                   "confidenceLevel.A=SUCCESS", **job)
    assert first == again and uuid.UUID(first.strip()).version == 8
    event = newest(node)
    assert event["eventType"] == "ArtifactCreated", event
    assert event["projectBranch"] == "stable" and "baselineName" not in event
    other, _ = run(node, "publish", "--from-env", "confidenceLevel.A=FAILURE",
                   "confidenceLevel.B=FAILURE", **job)
    assert other != first
    run(node, "publish", "--from-env", "confidenceLevel.A=SUCCESS", BUILD_URL="https://ci/76",
        ARTIFACT_URL="https://n/7.zip", PROJECT_BRANCH="stable")
    assert newest(node)["eventType"] == "ArtifactCreated"
    run(node, "publish", "--from-env", BUILD_URL="https://ci/78", BASELINE_NAME="os",
        BASELINE_URL="https://b", CONSIST_OF="a,b")
    assert newest(node)["eventType"] == "BaselineDefined"
    run(node, "publish", "--from-env", "confidenceLevel.T=SUCCESS",
        BUILD_URL="https://ci/79", BASELINE_NAME="os", BASELINE_URL="https://b")
    assert newest(node)["eventType"] == "ConfidenceLevelModified"
    _, err = run(node, "publish", "--from-env", code=64, BUILD_URL="https://ci/1")
    assert "CONSIST_OF" in err
    _, err = run(node, "publish", "Weather", "--from-env", code=64)
    assert "BUILD_URL" in err


def links(node):
    args = ["publish", "Weather", "buildUrl=https://ci/1"]
    run(node, *args, "--link", "subject=" + ID, "--link", "cause=onap:" + ID)
    assert newest(node)["links"] == [{"rel": "subject", "of": "odl", "id": ID},
                                     {"rel": "cause", "of": "onap", "id": ID}]
    run(node, *args, CIMESH_EVENT="onap:" + ID)
    assert newest(node)["links"] == [{"rel": "cause", "of": "onap", "id": ID}]
    run(node, *args, "--no-cause", CIMESH_EVENT="onap:" + ID)
    assert "links" not in newest(node)
    for bad in ("cause", "cause=onap", "cause=onap:1", "blame=" + ID):
        run(node, *args, "--link", bad, code=65 if bad[0] == "b" else 64)


def refusals(node):
    for args, code, part in (
            ([], 64, "which type"),
            (["artifactUrl=x"], 64, "which type"),
            (["ArtifactCreate"], 64, "did you mean 'ArtifactCreated'"),
            (["Artifact-Created"], 64, "is no type"),
            (["Weather", "artifactURL=x"], 64, "did you mean 'artifactUrl'"),
            (["Weather", "colour=x"], 64, "is no field"),
            (["Weather", "sunny"], 64, "field=value"),
            (["Weather", "topic=a", "topic=b"], 64, "given twice"),
            (["Weather", "ext.a:={"], 64, "JSON"),
            (["Weather", "topic:=1"], 64, "ext.NAME only"),
            (["Weather", "--lnk", "x"], 64, "did you mean '--link'"),
            (["Weather"], 65, "buildUrl"),
            (["Weather", "buildUrl=https://x", "--topic", "onap/Weather/-"], 65, "odl"),
            (["ArtifactCreated", "buildUrl=https://x", "projectBranch=m",
              "artifactUrl=https://x", "confidenceLevel.A=GREAT"], 65, "SUCCESS")):
        out, err = run(node, "publish", *args, code=code)
        assert out == "" and part in err, (args, err)


with Mesh() as m:
    node = m.node("odl/ci-1")
    out, err = run(node, "publish", "Weather", "buildUrl=https://ci/1", code=69)
    assert "cimesh --dir" in err and " node" in err, err
    m.start()
    for part in (words, same_id, from_env, links, refusals):
        part(node)
    before = node.status()["stored"]
    refusals(node)
    assert node.status()["stored"] == before
    run(None, "publish", "Weather", code=69, CIMESH_DIR="/nowhere")
