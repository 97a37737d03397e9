# SPDX-License-Identifier: MPL-2.0
"""Three communities and a rule: what is missing keeps a baseline open, a late
stamp decides it, a failure decides against it, and every node holds the same
decision with its reasons and the stamps it rests on."""
import json

from mesh import Mesh, artifact, wait
from promotion import baseline, decisions, explain, stamp

RULE = '''promote
    release
        subject = "BaselineDefined"
        topic = "opnfv/BaselineDefined/"
        name = "opnfv-*"
        waive = "opnfv"
        require
            acceptance = "opnfv:OPNFV_ACCEPTANCE=SUCCESS"
            sites = "1 of onap:INTEROP=SUCCESS, odl:INTEROP=SUCCESS"
        members
            built = "odl:AUTORELEASE=SUCCESS"
'''


def explain_one(node, subject):
    return explain(node, subject)[0]


with Mesh() as m:
    odl, onap, opnfv = [m.node(f"{c}/ci-1") for c in ("odl", "onap", "opnfv")]
    m.befriend()
    for n in m.nodes:
        n.follow("odl/", "onap/", "opnfv/")
    opnfv.extra = RULE
    opnfv.configure()
    m.start()
    for n in m.nodes:
        n.wait_peer(*[o for o in m.nodes if o != n])

    # ---- missing is neither failed nor passed
    odl.publish(artifact(n=1, artifactName="odl-1"))
    wait("the artifact", lambda: opnfv.ids("odl/"))
    one = opnfv.publish(baseline("opnfv-1", "odl-1"))[0]["eventId"]
    opnfv.publish(stamp("opnfv-1", OPNFV_ACCEPTANCE="SUCCESS"))
    said = explain_one(opnfv, "opnfv-1")
    assert said["outcome"] == "open" and said["decision"] is None, said
    assert said["reasons"] == [
        "sites: 1 of 2 needed, 0 there: onap has not said INTEROP; onap can say it, "
        "or opnfv can waive it. odl has not said INTEROP; odl can say it, or opnfv "
        "can waive it"], said["reasons"]

    # ---- the late stamp
    late = onap.publish(stamp("opnfv-1", INTEROP="SUCCESS"))[0]["eventId"]
    wait("a decision", lambda: decisions(opnfv))
    for n in m.nodes:
        wait(f"{n.name} has it", lambda n=n: decisions(n))
    d = decisions(odl)[0]
    assert d["confidenceLevel"] == {"PROMOTED": "SUCCESS"} and d["ext"]["rule"] == "release"
    assert d["baselineName"] == "opnfv-1" and len(d["ext"]["reasons"]) == 3, d
    links = [(x["rel"], x["of"]) for x in d["links"]]
    assert links == [("subject", "opnfv"), ("cause", "odl"), ("cause", "onap"),
                     ("cause", "opnfv")], links
    assert d["links"][0]["id"] == one and d["links"][2]["id"] == late
    assert d["buildUrl"] == "https://ci.example/stamp"
    assert {json.dumps([e["eventId"], e["ext"], e["eventTime"]]) for n in m.nodes
            for e in decisions(n)} == {json.dumps([d["eventId"], d["ext"], d["eventTime"]])}
    said = explain_one(opnfv, f"opnfv:{one}")
    assert said["outcome"] == "fulfilled"
    assert said["decision"]["event"] == f"opnfv:{d['eventId']}", said

    # ---- a failure decides whatever else is missing; and the way back
    odl.publish(artifact(n=2, artifactName="odl-2", confidenceLevel={"AUTORELEASE": "FAILURE"}))
    wait("the artifact", lambda: len(opnfv.ids("odl/")) == 2)
    opnfv.publish(baseline("opnfv-2", "odl-2"))
    wait("it failed", lambda: len(decisions(opnfv)) == 2)
    d = decisions(opnfv)[1]
    assert d["confidenceLevel"] == {"PROMOTED": "FAILURE"}, d
    assert len(d["ext"]["reasons"]) == 1 and "odl:AUTORELEASE=FAILURE" in d["ext"]["reasons"][0]
    odl.publish({"eventType": "ConfidenceLevelModified", "buildUrl": "https://ci.odl.example/2",
                 "artifactUrl": artifact(n=2)["artifactUrl"],
                 "confidenceLevel": {"AUTORELEASE": "SUCCESS"}})
    opnfv.publish(stamp("opnfv-2", OPNFV_ACCEPTANCE="SUCCESS"))
    opnfv.publish(stamp("opnfv-2", INTEROP="SUCCESS"))  # not asked of opnfv
    wait("open again", lambda: explain_one(opnfv, "opnfv-2")["outcome"] == "open")
    opnfv.publish(stamp("opnfv-2", INTEROP="WAIVED"))
    wait("promoted after all", lambda: len(decisions(opnfv)) == 3)
    assert decisions(opnfv)[2]["confidenceLevel"] == {"PROMOTED": "SUCCESS"}
    assert any("waived by opnfv" in r for r in decisions(opnfv)[2]["ext"]["reasons"])

    # ---- what it is not about
    opnfv.publish(baseline("other-1", "odl-2"))
    text = opnfv.cli("promote", "explain", "other-1")
    assert "no rule of this node is about it" in text, text
    assert json.loads(opnfv.cli("promote", "explain", "other-1", "--json")) == []

    # ---- list, dry-run, and what is unknown
    rule = json.loads(opnfv.cli("promote", "list", "--json"))[0]
    assert [s["name"] for s in rule["subjects"]] == ["opnfv-2", "opnfv-1"], rule
    assert {s["outcome"] for s in rule["subjects"]} == {"fulfilled"}
    assert "release: says PROMOTED of baselines" in opnfv.cli("promote", "list")
    held = len(opnfv.all())
    dry = [json.loads(x) for x in
           opnfv.cli("promote", "dry-run", "release", "--since", "all", "--json").splitlines()]
    assert [(x["name"], x["outcome"], x["due"]) for x in dry] == [
        ("opnfv-1", "fulfilled", False), ("opnfv-2", "fulfilled", False)], dry
    assert len(opnfv.all()) == held, "a dry run said something"
    opnfv.cli("promote", "explain", "nothing-of-that-name", code=66)
    opnfv.cli("promote", "explain", "opnfv-1", "--rule", "relese", code=66)
    opnfv.cli("promote", "dry-run", "relese", code=66)
    opnfv.cli("promote", "explain", "", code=65)
    opnfv.cli("promote", "explane", "x", code=64)
    assert "no rules" in odl.cli("promote")
