# SPDX-License-Identifier: MPL-2.0
"""What rules decide on a naive ledger: every window tried, nothing kept.

A rule is a dict: name, kind, title, level, fresh (ms), waive, and needs, each
(members, k, [(community, level), ...]). zpl() writes them as cimesh.zpl.
"""
import fnmatch
import hashlib

import naive

DECIDER = "opnfv"
AGAINST = ("failure", "unstable", "aborted")
ALL = ("odl", "onap", "opnfv", "openstack", "fdio")
RULES = (
    {"name": "r0", "kind": 1, "title": None, "level": "PROMOTED", "fresh": 0,
     "waive": ("onap", "opnfv"),
     "needs": [(False, 1, [(c, "TESTED") for c in ALL]),
               (False, 1, [("onap", "BUILT"), ("opnfv", "TESTED"),
                           ("odl", "TESTED")])]},
    {"name": "r1", "kind": 0, "title": None, "level": "PROMOTED",
     "fresh": 5000, "waive": (),
     "needs": [(False, 1, [(c, "BUILT") for c in ALL]),
               (False, 1, [(c, "TESTED") for c in ALL])]},
    {"name": "r2", "kind": 1, "title": "d*", "level": "PROMOTED", "fresh": 0,
     "waive": ("fdio",),
     "needs": [(True, 1, [("odl", "BUILT"), ("onap", "BUILT"),
                          ("fdio", "BUILT"), ("openstack", "BUILT")])]},
    {"name": "r3", "kind": 0, "title": None, "level": "TESTED", "fresh": 9000,
     "waive": (), "needs": [(False, 1, [("odl", "BUILT")])]},
    {"name": "r4", "kind": 0, "title": None, "level": "PROMOTED",
     "fresh": 4000, "waive": ("odl",),
     "needs": [(False, 2, [(c, "BUILT") for c in ALL] +
                [(c, "TESTED") for c in ALL])]},
    {"name": "r5", "kind": 1, "title": None, "level": "GO", "fresh": 0,
     "waive": ("odl",),
     "needs": [(False, 2, [(c, "TESTED") for c in ALL[:3]])]},
)


def zpl():
    lines = ["cimesh = 1", "node", '    name = "%s/ci-1"' % DECIDER, "promote"]
    for rule in RULES:
        lines.append("    " + rule["name"])
        lines.append('        subject = "%s"' % (
            "BaselineDefined" if rule["kind"] else "ArtifactCreated"))
        lines.append('        level = "%s"' % rule["level"])
        if rule["title"]:
            lines.append('        name = "%s"' % rule["title"])
        if rule["fresh"]:
            lines.append('        fresh = "%ds"' % (rule["fresh"] // 1000))
        if rule["waive"]:
            lines.append('        waive = "%s"' % ", ".join(rule["waive"]))
        for group, members in (("require", False), ("members", True)):
            needs = [n for n in rule["needs"] if n[0] == members]
            if needs:
                lines.append("        " + group)
            for i, (_, k, wants) in enumerate(needs):
                lines.append('            n%d = "%d of %s"' % (
                    i, k, ", ".join("%s:%s=SUCCESS" % w for w in wants)))
    return lines + ["end = 1"]


def artifacts_in(ledger, baseline):
    """(artifacts, members that are nobody), each once, however deep."""
    met, artifacts, loose = [baseline], [], 0
    for subject in met:  # grows
        if naive.kind_of(subject) == 0:
            artifacts.append(subject)
            continue
        for _, _, found in ledger.members(subject):
            if found is None:
                loose += 1
            elif ledger.subject(found) not in met:
                met.append(ledger.subject(found))
    return artifacts, loose


def answer(ledger, rule, said, want):
    """(does it hold, is it against, the event it rests on)"""
    state, by = said.get(want, ("missing", None))
    if state == "success":
        return True, False, ledger.first[by]
    waivers = [ledger.first[said[w, want[1]][1]] for w in rule["waive"]
               if said.get((w, want[1]), ("",))[0] == "waived"]
    if waivers:
        return True, False, max(waivers, key=naive.place)
    return False, state in AGAINST, by and ledger.first[by]


def evaluate(ledger, rule, subject):
    """(outcome, events it rests on)"""
    asks, whole = [], True  # (k, [(holds, against, event)])
    for members, k, wants in rule["needs"]:
        of = [subject]
        if members:
            of, loose = artifacts_in(ledger, subject)
            whole = whole and not loose and bool(of)
        for one in of:
            said = ledger.said(one)
            asks.append((k, [answer(ledger, rule, said, w) for w in wants]))
    failed = [a for k, a in asks if sum(not x[1] for x in a) < k]
    if failed:
        return "failed", [x[2] for a in failed for x in a if x[1]]
    times = sorted({x[2]["time"] for _, a in asks for x in a if x[0]},
                   reverse=True)
    for newest in times:
        least = newest - rule["fresh"] if rule["fresh"] else 0
        used = [[x[2] for x in a if x[0] and least <= x[2]["time"] <= newest]
                for _, a in asks]
        if whole and all(len(u) >= k for (k, _), u in zip(asks, used)):
            return "fulfilled", [x for u in used for x in u]
    return "open", []


def last_decision(ledger, rule, subject):
    for by, level, state, _, _ in ledger.words(subject):
        event = ledger.first[by]
        if (by.startswith(DECIDER + ":") and level == rule["level"]
                and state in ("success", "failure")
                and naive.kind_of(event) == naive.STAMP
                and event["json"].get("ext", {}).get("rule") == rule["name"]):
            return event, "fulfilled" if state == "success" else "failed"
    return None, "open"


def raw(name):
    community, uuid = name.split(":")
    return community.encode() + b"\0" + bytes.fromhex(uuid.replace("-", ""))


def decision_id(rule, subject, outcome, used):
    texts = ("cimesh promote v1", DECIDER, rule["name"], rule["level"])
    data = b"".join(t.encode() + b"\0" for t in texts)
    data += raw(naive.name_of(subject)) + outcome.encode() + b"\0" + bytes(8)
    data += b"".join(raw(name) for name in used)
    b = bytearray(hashlib.blake2b(data, digest_size=32).digest()[:16])
    b[6], b[8] = b[6] & 0x0f | 0x80, b[8] & 0x3f | 0x80
    h = b.hex()
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


def decision(rule, subject, outcome, used):
    """The event but for the words of its reasons."""
    names = sorted({naive.name_of(e) for e in used})
    newest = max(used, key=naive.place)
    json = subject["json"]
    kept = (("artifactUrl", "artifactName") if naive.kind_of(subject) == 0
            else ("baselineName", "baselineUrl"))
    event = {key: json[key] for key in kept + ("projectBranch",)
             if key in json}
    segment = event.get("baselineName", event.get(
        "artifactName", event.get("projectBranch", "-")))

    def link(rel, name):
        of, uuid = name.split(":")
        return {"rel": rel, "of": of, "id": uuid}
    event.update(
        v=1, eventId=decision_id(rule, subject, outcome, names),
        eventType="ConfidenceLevelModified",
        eventTime="1970-01-01T00:00:%06.3fZ" % (newest["time"] / 1000),
        topic="%s/ConfidenceLevelModified/%s/" % (DECIDER, segment),
        buildUrl=newest["json"]["buildUrl"],
        confidenceLevel={rule["level"]: "SUCCESS" if outcome == "fulfilled"
                         else "FAILURE"},
        links=[link("subject", naive.name_of(subject))]
        + [link("cause", name) for name in names],
        ext={"rule": rule["name"]})
    return event


def judge(ledger, held):
    """{subject: {rule: [outcome, last outcome, what is due]}}; due: an event,
    "later" when the last decision rests on what is not held, or None."""
    names = {naive.name_of(e) for e in held}
    out = {}
    for subject in ledger.subjects:
        rules = out.setdefault(naive.name_of(subject), {})
        for rule in RULES:
            if rule["kind"] != naive.kind_of(subject) or (
                    rule["title"] and not fnmatch.fnmatchcase(
                        naive.title_of(subject), rule["title"])):
                continue
            outcome, used = evaluate(ledger, rule, subject)
            event, last = last_decision(ledger, rule, subject)
            due = None
            if outcome not in ("open", last):
                causes = {x["of"] + ":" + x["id"]
                          for x in naive.links(event, "cause")} if event else set()
                due = ("later" if causes - names else
                       decision(rule, subject, outcome, used))
            rules[rule["name"]] = [outcome, last, due]
    return out
