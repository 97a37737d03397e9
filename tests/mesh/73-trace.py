#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""cimesh trace and diff on real nodes: the same graph on each, as a tree, as
JSON and for Graphviz; what is not here, and how it comes to be; exit codes."""
import json
import re
import subprocess
import sys

from mesh import BIN, Mesh, artifact, wait


def run(node, *args):
    done = subprocess.run([BIN, "--dir", node.dir, *args], capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def graph(node, what, *args):
    """(subject, rel, object, how) of each edge, by what people call them."""
    code, out, err = run(node, "trace", what, "--json", *args)
    assert code == 0, (code, err)
    found = json.loads(out)
    names = [n.get("name") or n.get("wanted") or n["event"] for n in found["nodes"]]
    return sorted((names[e["from"]], e["rel"], names[e["to"]], e["how"].split(";")[0])
                  for e in found["edges"])


def baseline(name, members, **more):
    return {"eventType": "BaselineDefined", "buildUrl": "https://ci.example.org/b",
            "baselineName": name, "baselineUrl": "https://b.example.org/" + name,
            "consistsOf": members, **more}


with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("onap/ci-1")
    m.befriend()
    odl.follow("opnfv/")
    opnfv.follow("odl/")
    onap.follow("opnfv/")
    m.start()
    for n in m.nodes:
        n.wait_peer(*(o for o in m.nodes if o is not n))
    one, two, hidden = (e["eventId"] for e in odl.publish(
        artifact(n=1, artifactName="odl-1.0"), artifact(n=2, artifactName="odl-1.1"),
        artifact(branch="stable", n=3, artifactName="hidden-2")))
    wait("opnfv has them", lambda: len(opnfv.all("odl/")) == 3)
    first, second = (e["eventId"] for e in opnfv.publish(
        baseline("opnfv-1.0", ["odl-1.0", "nowhere"]),
        baseline("opnfv-1.1", ["odl-1.1", "nowhere"],
                 links=[{"rel": "element", "of": "odl", "id": hidden}])))
    opnfv.publish({"eventType": "ConfidenceLevelModified", "buildUrl": "https://ci.example.org/t",
                   "baselineName": "opnfv-1.1", "baselineUrl": "https://b.example.org/opnfv-1.1",
                   "confidenceLevel": {"ACCEPTED": "SUCCESS"},
                   "links": [{"rel": "subject", "of": "opnfv", "id": second},
                             {"rel": "cause", "of": "odl", "id": two}]})
    wait("each has what it follows", lambda: len(odl.all("opnfv/")) == 3
         and len(onap.all("opnfv/")) == 3)

    # The same graph where the same events are.
    up = [("odl-1.1", "partOf", "opnfv-1.1", "by name"),
          ("opnfv-1.1", "cause", "odl-1.1", "linked"),
          ("opnfv-1.1", "stampedBy", "opnfv-1.1", "linked")]
    down = [("opnfv-1.1", "cause", "odl-1.1", "linked"),
            ("opnfv-1.1", "member", "hidden-2", "linked"),
            ("opnfv-1.1", "member", "nowhere", "unresolved"),
            ("opnfv-1.1", "member", "odl-1.1", "by name"),
            ("opnfv-1.1", "stampedBy", "opnfv-1.1", "linked")]
    for n in (odl, opnfv):
        assert graph(n, "odl-1.1", "--up") == up, graph(n, "odl-1.1", "--up")
        assert graph(n, "opnfv-1.1", "--down") == down, graph(n, "opnfv-1.1", "--down")
        assert graph(n, "https://b.example.org/opnfv-1.1", "--down") == down
        assert graph(n, f"opnfv:{second}", "--down") == down
    tree = run(opnfv, "trace", "odl-1.1")[1]
    assert re.search(r"^artifact odl-1.1 AUTORELEASE=SUCCESS  odl:", tree), tree
    assert "\n    part of baseline opnfv-1.1 (by name)  opnfv:" in tree, tree
    assert "\n        ACCEPTED success, said by opnfv (linked)" in tree, tree
    dot = run(opnfv, "trace", "odl-1.1", "--dot")[1]
    assert dot.startswith("digraph trace {") and dot.endswith("}\n"), dot

    # onap follows opnfv alone: what odl said is named, with who has it.
    tree = run(onap, "trace", "opnfv-1.1")[1]
    assert "(not here: odl has it; up: odl/ci-1; not followed here)  odl:" + hidden in tree, tree
    assert "'odl-1.1' (unresolved)" in tree, tree
    code, _, err = run(onap, "trace", "odl:" + hidden)
    assert code == 66 and "odl has it" in err and "cimesh fetch" in err, (code, err)
    onap.follow("odl/")
    onap.reload()
    wait("onap has odl's as well", lambda: graph(onap, "opnfv-1.1", "--down") == down)

    # Two baselines.
    code, out, _ = run(opnfv, "diff", "opnfv-1.0", "opnfv-1.1")
    assert code == 0 and "opnfv:ACCEPTED was missing, is success" in out, out
    assert re.search(r"^- odl-1.0  odl:\S+\n\+ odl-1.1  odl:", out, re.M), out
    assert re.search(r"^\+ hidden-2  odl:", out, re.M) and "1 the same" in out, out
    found = json.loads(run(odl, "diff", "opnfv-1.1", f"opnfv:{first}", "--json")[1])
    assert [i["name"] for i in found["removed"]] == ["hidden-2"] and found["added"] == []
    assert [(p["from"]["name"], p["to"]["name"]) for p in found["changed"]] == \
        [("odl-1.1", "odl-1.0")] and found["same"] == 1
    assert found["stamps"] == [{"community": "opnfv", "level": "ACCEPTED", "a": "success",
                                "b": "missing"}]

    # One subject of the ledger.
    status, text = odl.get("/v1/ledger/opnfv-1.1")
    found = json.loads(text)
    assert status == 200 and found["subject"] == "opnfv:" + second, text
    assert [(x["wanted"], x["how"]) for x in found["members"]][:2] == \
        [("odl-1.1", "by name"), ("nowhere", "not here")], text
    assert [x["level"] for x in found["stamps"]] == ["ACCEPTED"]
    status, text = odl.get("/v1/ledger/odl:" + two)
    assert [x["name"] for x in json.loads(text)["partOf"]] == ["opnfv-1.1"], text

    # A name that two communities use.
    onap.publish(artifact("onap", n=7, artifactName="odl-1.0"))
    code, _, err = run(onap, "trace", "odl-1.0")
    assert code == 65 and "onap" in err and "odl" in err, (code, err)
    assert run(onap, "trace", "odl:" + one)[0] == 0

    # What is no question, and what nobody knows.
    for args, code, hint in (
            (("trace",), 64, "name"), (("trace", "a", "b"), 64, "name"), (("trace", ""), 64, ""),
            (("trace", "odl-1.1", "--depth", "17"), 64, "16"),
            (("trace", "odl-1.1", "--depth", "0"), 64, "1"),
            (("trace", "odl-1.1", "--dwon"), 64, "--down"),
            (("trace", "odl-1.1", "--json", "--dot"), 64, "either"),
            (("trace", "nothing-of-it"), 66, "nothing-of-it"),
            (("diff", "opnfv-1.0"), 64, "two"), (("diff", "opnfv-1.0", "odl-1.1"), 66, "baseline"),
            (("diff", "opnfv-1.0", "x"), 66, "'x'")):
        got, _, err = run(odl, *args)
        assert got == code and hint in err, (args, got, err)
    assert odl.get("/v1/diff?a=opnfv-1.0")[0] == 400
    assert odl.get("/v1/trace/odl-1.1?depth=99")[0] == 400
    assert odl.get("/v1/ledger/nothing-of-it")[0] == 404
    hint = json.loads(odl.get("/v1/nowhere")[1])["hint"]
    assert "/v1/latest" in hint and hint.endswith("/readyz"), hint
sys.exit(0)
