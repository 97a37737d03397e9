#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Two nodes of one community have the same rule, and the clock of the first is
ahead. While it is away the second decides otherwise: not before its own clock
is past the first decision, so that what it says counts, and is said once."""
import shutil

from mesh import Mesh, wait
from promotion import baseline, caught_up, decisions, explain, rule, stamp

HOUR = 3600 * 1000


def said(node):
    """What was said, each event once: both may say the same one."""
    events = {e["eventId"]: e["confidenceLevel"]["PROMOTED"] for e in decisions(node, "lf")}
    return list(events.values())


with Mesh() as m:
    odl, one, two = m.node("odl/ci-1"), m.node("lf/ci-1"), m.node("lf/ci-2")
    one.cli("roster", "add", two.roster)
    shutil.copy(one.roster, two.roster)
    m.befriend()
    one.clock.wall(HOUR)
    two.clock.wall(0)
    two.follow("odl/", "lf/")
    one.extra = rule()
    one.follow("odl/", "lf/")
    m.start(odl, one)
    one.wait_peer(odl)
    odl.publish(baseline("b-1", community="odl"), stamp("b-1", community="odl", X="SUCCESS"))
    wait("the first decides", lambda: said(one) == ["SUCCESS"])

    two.start()
    two.wait_peer(odl, one)
    wait("the second knows", lambda: said(two) == ["SUCCESS"])
    two.extra = rule()  # so that it has not said the same by itself
    two.configure()
    two.reload()
    one.kill()
    odl.publish(stamp("b-1", community="odl", X="FAILURE"))
    wait("it looked at that", lambda: len(two.ids("odl/")) == 3 and caught_up(two))
    assert explain(two, "b-1")[0]["decision"]["outcome"] == "fulfilled"
    assert "when this node's clock is past" in two.cli("promote", "explain", "b-1")
    assert said(two) == ["SUCCESS"], "said, and of no effect"

    two.clock.wall(2 * HOUR)
    wait("the second decides",
         lambda: explain(two, "b-1")[0]["decision"]["outcome"] == "failed")
    two.cli("latest", "odl/", "--with", "lf:PROMOTED=SUCCESS", code=66)
    one.start()
    wait("the first agrees", lambda: said(one) == ["SUCCESS", "FAILURE"]
         and caught_up(one) and explain(one, "b-1")[0]["decision"]["outcome"] == "failed")
    assert said(two) == ["SUCCESS", "FAILURE"]
