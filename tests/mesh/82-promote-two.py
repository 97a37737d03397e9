# SPDX-License-Identifier: MPL-2.0
"""Two nodes of one community have the same rule, now up, now down: every
outcome is one event of the community, whoever said it, and both tell the same
in the end. A third party with the same rule that catches up on all of it from
nothing comes to the same outcomes."""
import json
import shutil

from mesh import Mesh, wait
from promotion import baseline, caught_up, decisions, explain, outcomes, rule, stamp

N = 12
RULE = rule(extra='topic = "odl/BaselineDefined/"',
            require='a = "odl:X=SUCCESS"\nb = "1 of odl:Y=SUCCESS, odl:Z=SUCCESS"')


def say(n, **levels):
    return stamp(f"b-{n}", community="odl", **levels)


def said(node):
    """{event id: what it says}, of lf; one id has one content."""
    out = {}
    for e in decisions(node, "lf"):
        what = json.dumps([e[k] for k in ("baselineName", "confidenceLevel", "eventTime",
                                          "links", "ext", "buildUrl")])
        assert out.setdefault(e["eventId"], what) == what, "one id says two things"
    return out


def standing(node):
    return {f"b-{n}": explain(node, f"b-{n}")[0]["decision"]["outcome"] for n in range(N)}


def agree(want):
    for node in (one, two):
        wait(f"{node.name} decided", lambda n=node: all_decided(n) and standing(n) == want, 60)
    for node in (one, two):
        wait(f"{node.name} looked at all", lambda n=node: caught_up(n))
    wait("they hold the same", lambda: said(one) == said(two))


def all_decided(node):
    return all(explain(node, f"b-{n}")[0]["decision"] for n in range(N))


with Mesh() as m:
    odl, one, two = m.node("odl/ci-1"), m.node("lf/ci-1"), m.node("lf/ci-2")
    one.cli("roster", "add", two.roster)
    shutil.copy(one.roster, two.roster)
    m.befriend()
    for node in (one, two):
        node.follow("odl/", "lf/")
        node.extra = RULE
        node.configure()
    m.start()
    one.wait_peer(odl, two)
    two.wait_peer(odl, one)

    # ---- both up
    odl.publish(*[baseline(f"b-{n}", community="odl") for n in range(N)])
    odl.publish(*[say(n, X="SUCCESS" if n % 3 else "FAILURE") for n in range(N)])
    odl.publish(*[say(n, Y="SUCCESS") for n in range(N)])
    agree({f"b-{n}": "fulfilled" if n % 3 else "failed" for n in range(N)})
    assert len(said(one)) == N, "an outcome was said twice"

    # ---- the second is away, comes back, and has nothing to add
    two.kill()
    odl.publish(*[say(n, X="SUCCESS") for n in range(0, N, 3)])
    wait("the first decides", lambda: set(standing(one).values()) == {"fulfilled"})
    two.start()
    agree({f"b-{n}": "fulfilled" for n in range(N)})
    assert len(said(one)) == N + N // 3

    # ---- the first is away
    one.kill()
    odl.publish(*[say(n, X="ABORTED") for n in range(N)])
    wait("the second decides", lambda: set(standing(two).values()) == {"failed"})
    one.start()
    agree({f"b-{n}": "failed" for n in range(N)})
    assert len(said(one)) == 2 * N + N // 3

    # ---- all of it again, for somebody who was not there
    tf = m.node("tf/ci-1")
    tf.trust(odl)
    odl.trust(tf)
    odl.reload()
    tf.follow("odl/")
    tf.extra = RULE
    tf.configure()
    tf.start()
    wait("tf has all", lambda: len(tf.ids("odl/")) == len(odl.ids()))
    wait("tf looked at all", lambda: caught_up(tf))
    assert standing(tf) == standing(one)
    assert {n: o[-1] for n, o in outcomes(tf, community="tf").items()} == {
        f"b-{n}": "FAILURE" for n in range(N)}
