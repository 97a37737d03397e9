# SPDX-License-Identifier: MPL-2.0
"""A verdict that does not come in time: counted in status, listed, told by an
event that an ordinary hook fires on, once, also over a restart and a crash;
and it is no longer overdue when it is decided."""
import json
import os
import signal

from mesh import Mesh, wait
from promotion import baseline, caught_up, explain, outcomes, rule, rules, stamp

HOUR_MS = 3600000
RULE = rule(extra='name = "b-*"\nwithin = "2h"\noverdue = "event"',
            require='a = "opnfv:A=SUCCESS"')


def overdue_events(node):
    return node.all("opnfv/VerdictOverdue/release/")


with Mesh() as m:
    opnfv = m.node("opnfv/ci-1")
    journal, script = opnfv.dir + "/journal", opnfv.dir + "/hook"
    with open(script, "w") as f:
        f.write('#!/bin/sh\necho "$CIMESH_BASELINE_NAME" >>"$CIMESH_DIR/journal"\n')
    os.chmod(script, 0o700)
    opnfv.extra = RULE + ('hooks\n    late\n        topic = "opnfv/VerdictOverdue/"\n'
                          f'        exec = "{script}"\n')
    opnfv.configure()
    opnfv.clock.wall(0)
    opnfv.start()

    def fired():
        return open(journal).read().split() if os.path.exists(journal) else []

    opnfv.publish(baseline("b-1"), baseline("b-2"), baseline("c-3"))
    opnfv.publish(stamp("b-2", A="SUCCESS"))
    wait("decided", lambda: outcomes(opnfv) == {"b-2": ["SUCCESS"]})
    opnfv.clock.wall(HOUR_MS)
    wait("looked at", lambda: caught_up(opnfv))
    assert opnfv.status()["overdue"] == 0 and not overdue_events(opnfv)

    # ---- now it is
    opnfv.clock.wall(2 * HOUR_MS + 60000)
    wait("counted", lambda: opnfv.status()["overdue"] == 1)
    wait("told", lambda: len(overdue_events(opnfv)) == 1)
    event = overdue_events(opnfv)[0]
    assert event["baselineName"] == "b-1" and event["ext"]["rule"] == "release", event
    assert [x["rel"] for x in event["links"]] == ["subject"]
    wait("the hook fires", lambda: fired() == ["b-1"])
    assert rules(opnfv)["release"]["overdue"] == 1
    assert explain(opnfv, "b-1")[0]["overdue"] and not explain(opnfv, "b-2")[0]["overdue"]
    assert "overdue     1 verdict" in opnfv.cli("status")
    text = opnfv.cli("promote", "list")
    assert "1 overdue" in text and "overdue    b-1" in text, text

    # ---- a restart knows it again, and says nothing twice
    assert opnfv.stop() == 0
    opnfv.start()
    wait("counted again", lambda: opnfv.status()["overdue"] == 1)
    opnfv.publish(baseline("b-4"))
    opnfv.clock.wall(5 * HOUR_MS)
    wait("the next is overdue", lambda: len(overdue_events(opnfv)) == 2)
    wait("the hook fires", lambda: fired() == ["b-1", "b-4"])

    # ---- killed between making it and publishing it
    opnfv.publish(baseline("b-5"))
    opnfv.stop()
    opnfv.env["CIMESH_FAILPOINT"] = "promote-due=crash"
    opnfv.clock.wall(9 * HOUR_MS)
    opnfv.start(wait_ready=False)
    assert opnfv.process.wait(timeout=60) == -signal.SIGKILL
    del opnfv.env["CIMESH_FAILPOINT"]
    opnfv.start()
    wait("it is told", lambda: len(overdue_events(opnfv)) == 3)
    wait("the hook fires", lambda: fired() == ["b-1", "b-4", "b-5"])

    # ---- decided late
    opnfv.publish(stamp("b-1", A="SUCCESS"), stamp("b-4", A="FAILURE"))
    wait("one is left", lambda: opnfv.status()["overdue"] == 1)
    assert json.loads(opnfv.cli("status", "--json"))["overdue"] == 1
    assert outcomes(opnfv)["b-1"] == ["SUCCESS"] and outcomes(opnfv)["b-4"] == ["FAILURE"]
    assert len(overdue_events(opnfv)) == 3

    # ---- what retention took is not waited for
    opnfv.stop()
    opnfv.extra += 'store\n    keep-days = 1\n'
    opnfv.configure()
    opnfv.start()
    wait("counted again", lambda: opnfv.status()["overdue"] == 1)
    opnfv.clock.wall(72 * HOUR_MS)
    opnfv.clock.mono(70000)
    wait("it is gone", lambda: not opnfv.all("opnfv/BaselineDefined/"))
    opnfv.clock.wall(75 * HOUR_MS)
    wait("nothing is overdue", lambda: opnfv.status()["overdue"] == 0)
