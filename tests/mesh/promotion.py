# SPDX-License-Identifier: MPL-2.0
"""promotion - what the tests of rules share: baselines, stamps, decisions."""
import json
import urllib.parse


def baseline(name, *members, community="opnfv"):
    return {"eventType": "BaselineDefined", "buildUrl": f"https://ci.{community}.example/1",
            "baselineName": name, "baselineUrl": f"https://{community}.example/{name}",
            "consistsOf": list(members)}


def stamp(name, community="opnfv", **levels):
    """Of the baseline that this community defined."""
    return {"eventType": "ConfidenceLevelModified", "buildUrl": "https://ci.example/stamp",
            "baselineName": name, "baselineUrl": f"https://{community}.example/{name}",
            "confidenceLevel": levels}


def decisions(node, community="opnfv", level="PROMOTED"):
    """The events that say this level, in arrival order."""
    return [e for e in node.all(f"{community}/ConfidenceLevelModified/")
            if level in e["confidenceLevel"]]


def outcomes(node, **kw):
    """{name: [SUCCESS, FAILURE, ...]} in arrival order."""
    level, out = kw.get("level", "PROMOTED"), {}
    for e in decisions(node, **kw):
        out.setdefault(e["baselineName"], []).append(e["confidenceLevel"][level])
    return out


def rules(node):
    status, text = node.get("/v1/promote")
    assert status == 200, text
    return {r["rule"]: r for r in json.loads(text)}


def explain(node, subject):
    status, text = node.get("/v1/promote/explain/" + urllib.parse.quote(subject, safe=""))
    assert status == 200, text
    return json.loads(text)


def caught_up(node):
    """Every rule has looked at all that arrived."""
    return all(r["waiting"] == 0 for r in rules(node).values())


def rule(name="release", extra="", require='a = "odl:X=SUCCESS"'):
    """For Node.extra; extra: more lines of the rule, require: its needs."""
    def lines(text, deep):
        return "".join(" " * deep + line + "\n" for line in text.splitlines())
    return ("promote\n    " + name + "\n        subject = \"BaselineDefined\"\n"
            + lines(extra, 8) + "        require\n" + lines(require, 12))
