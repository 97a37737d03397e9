#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""cimesh latest: the newest that holds, who has to say it, what is missing
when there is none, and waiting for it."""
import json
import subprocess
import sys
import time
import urllib.parse

from mesh import BIN, Mesh, artifact, wait


def run(node, *args):
    done = subprocess.run([BIN, "--dir", node.dir, "latest", *args],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip(), done.stderr


def stamp(of, level, result, **more):
    """A stamp by URL, as a job that knows nothing but the URL gives it."""
    key = "artifactUrl" if "artifactUrl" in of else "baselineUrl"
    about = {key: of[key]}
    if key == "baselineUrl":
        about["baselineName"] = of["baselineName"]
    return {"eventType": "ConfidenceLevelModified", "buildUrl": "https://ci.example.org/s",
            "confidenceLevel": {level: result}, **about, **more}


with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1")
    m.befriend()
    opnfv.follow("odl/")
    odl.follow("opnfv/")
    m.start()
    for n in m.nodes:
        n.wait_peer(*(o for o in m.nodes if o is not n))

    # Nothing at all.
    code, out, err = run(odl, "odl/ArtifactCreated/master")
    assert code == 66 and out == "" and "is here" in err, (code, out, err)

    builds = [artifact(n=n, artifactName=f"odl-1.{n}") for n in range(3)]
    for b in builds:
        odl.publish(b)
    other = artifact(branch="stable/x", n=9, artifactName="odl-0.9")
    odl.publish(other)
    wait("opnfv has them", lambda: len(opnfv.all("odl/")) == 4)
    for n in m.nodes:
        assert run(n, "odl/ArtifactCreated/master") == (0, builds[2]["artifactUrl"], "")
        assert run(n, "odl/")[1] == other["artifactUrl"]
        assert run(n, "odl/", "--branch", "master")[1] == builds[2]["artifactUrl"]
        assert run(n, "odl/", "--name", "odl-1.?")[1] == builds[2]["artifactUrl"]
        assert run(n, "odl/", "--name", "odl-1.1")[1] == builds[1]["artifactUrl"]

    # The newest of which opnfv says so; whose word counts is named.
    accepted = ("odl/ArtifactCreated/master", "--with", "opnfv:ACCEPTED=SUCCESS")
    code, out, err = run(odl, *accepted)
    assert code == 66 and "opnfv:ACCEPTED success" in err, err
    assert "odl-1.2 lacks opnfv:ACCEPTED (missing)" in err, err
    opnfv.publish(stamp(builds[0], "ACCEPTED", "SUCCESS"), stamp(builds[2], "ACCEPTED", "FAILURE"))
    odl.publish(stamp(builds[1], "ACCEPTED", "SUCCESS"))
    wait("each has the stamps", lambda: all(len(n.all("*")) == 7 for n in m.nodes))
    for n in m.nodes:
        assert run(n, *accepted) == (0, builds[0]["artifactUrl"], "")
        assert run(n, "odl/", "--with", "ACCEPTED=SUCCESS", "--by", "odl")[1] == \
            builds[1]["artifactUrl"]
        assert run(n, *accepted, "--with", "odl:AUTORELEASE=SUCCESS")[0] == 0
        code, out, err = run(n, *accepted, "--with", "odl:ACCEPTED=SUCCESS")
        assert code == 66 and out == "", (code, out)
        assert "odl-1.2 lacks opnfv:ACCEPTED (failure) and odl:ACCEPTED (missing)" in err, err

    # Other forms of the answer.
    code, out, _ = run(odl, *accepted, "--template", "%{artifactName} %{eventType}")
    assert out == "odl-1.0 ArtifactCreated", out
    answer = json.loads(run(odl, *accepted, "--json")[1])
    assert answer["url"] == builds[0]["artifactUrl"] and answer["kind"] == "artifact"
    assert answer["subject"] == "odl:" + answer["event"]["eventId"]
    assert [(s["community"], s["level"], s["state"]) for s in answer["stamps"]] == \
        [("odl", "AUTORELEASE", "success"), ("opnfv", "ACCEPTED", "success")], answer["stamps"]
    query = "/v1/latest?topic=odl/&" + urllib.parse.urlencode({"with": "opnfv:ACCEPTED=SUCCESS"})
    assert json.loads(odl.get(query)[1])["subject"] == answer["subject"]

    # --by alone: promoted by them. Waiting ends when the word comes...
    promoted = ("odl/ArtifactCreated/master", "--by", "opnfv")
    assert run(odl, *promoted)[0] == 66
    waiting = subprocess.Popen([BIN, "--dir", odl.dir, "latest", *promoted, "--wait", "60"],
                               stdout=subprocess.PIPE, text=True)
    opnfv.publish(stamp(builds[1], "PROMOTED", "SUCCESS"))
    assert waiting.communicate(timeout=60)[0].strip() == builds[1]["artifactUrl"]
    assert waiting.returncode == 0
    # ... and in vain when it does not.
    started = time.monotonic()
    code, out, err = run(odl, "odl/", "--by", "opnfv", "--branch", "none", "--wait", "1")
    assert code == 124 and out == "" and "branch none" in err, (code, out, err)
    assert time.monotonic() - started >= 1

    # What no question is.
    for bad, hint in (((), "prefix"), (("odl/", "onap/"), "prefix"), (("odl*x",), "*"),
                      (("odl/", "--with", "ACCEPTED=SUCCESS"), "who has to say it"),
                      (("odl/", "--with", "opnfv:ACCEPTED"), "RESULT"),
                      (("odl/", "--with", "opnfv:ACCEPTED=GOOD"), "SUCCESS"),
                      (("odl/", "--with", "Opnfv:ACCEPTED=SUCCESS"), "community"),
                      (("odl/", "--with", "opnfv:1=SUCCESS"), "level"),
                      (("odl/", "--by", "no one"), "community"),
                      (("odl/", "--template", "%{"), "template"),
                      (("odl/", "--wait", "soon"), "number"),
                      (("odl/", "--brunch", "x"), "--branch")):
        code, out, err = run(odl, *bad)
        assert code == 64 and out == "" and hint in err, (bad, code, err)
    assert odl.get("/v1/latest")[0] == 400
    assert odl.get("/v1/latest?topic=odl/&topic=onap/")[0] == 400
    assert run(m.node("fdio/ci-1"), "odl/")[0] == 69
sys.exit(0)
