# SPDX-License-Identifier: MPL-2.0
"""Rules come, change and go while the node runs: a wrong text is refused whole,
with file, line and what to do; a new rule begins at the present, or with
backfill at the beginning; a rule that is gone decides nothing."""
import subprocess

from mesh import Mesh, Refused, wait
from promotion import baseline, caught_up, outcomes, rule, rules, stamp

NEEDS_A = 'a = "opnfv:A=SUCCESS"'
WRONG = [
    (rule(require='a = "opnfv:A"'), 'promote/release/require/a: \'opnfv:A\' is no requirement'),
    (rule(require='a = "opnfv:PROMOTED=SUCCESS"'), "a rule cannot wait for itself"),
    (rule(require='a = "3 of opnfv:A=SUCCESS"'), "that can never hold"),
    (rule(extra='freh = "7d"'), "unknown key, did you mean 'fresh'?"),
    (rule(extra='within = "soon"'), "'soon' is no time"),
    (rule(extra='waive = "ODL"'), "'ODL' is no community"),
    ('promote\n    r\n        subject = "BaselineDefined"\n', "asks for nothing"),
]

with Mesh() as m:
    opnfv = m.node("opnfv/ci-1")
    opnfv.start()
    opnfv.publish(baseline("b-1"), stamp("b-1", A="SUCCESS"))

    for text, says in WRONG:
        opnfv.extra = text
        opnfv.configure()
        try:
            opnfv.reload()
            raise AssertionError(f"taken: {text}")
        except Refused as e:
            assert e.status == 422 and says in e.text and "cimesh.zpl:" in e.text, e
        run = subprocess.run([opnfv.bin, "--dir", opnfv.dir, "reload"], capture_output=True,
                             text=True)
        assert run.returncode == 78 and says in run.stderr, run
    assert rules(opnfv) == {}

    # ---- from the present on
    opnfv.extra = rule(require=NEEDS_A)
    opnfv.configure()
    assert "rule release: added" in opnfv.reload()
    wait("looked at", lambda: caught_up(opnfv))
    opnfv.publish(baseline("b-2"), stamp("b-2", A="FAILURE"))
    wait("the new one", lambda: outcomes(opnfv) == {"b-2": ["FAILURE"]})
    opnfv.publish(stamp("b-1", A="SUCCESS"))  # touched again
    wait("the old one", lambda: outcomes(opnfv).get("b-1") == ["SUCCESS"])

    # ---- with what was there
    opnfv.extra += rule("again", 'level = "AGAIN"\nbackfill = "yes"', NEEDS_A)[8:]
    opnfv.configure()
    assert "rule again: added" in opnfv.reload()
    wait("all of it", lambda: outcomes(opnfv, level="AGAIN") == {
        "b-1": ["SUCCESS"], "b-2": ["FAILURE"]})

    # ---- changed: counts for what is touched from now on
    opnfv.extra = rule(require='a = "1 of opnfv:A=SUCCESS, opnfv:B=SUCCESS"')
    opnfv.configure()
    text = opnfv.reload()
    assert "rule release: changed" in text and "rule again: removed" in text, text
    opnfv.publish(stamp("b-2", B="SUCCESS"))
    wait("the other outcome", lambda: outcomes(opnfv)["b-2"] == ["FAILURE", "SUCCESS"])
    wait("looked at", lambda: caught_up(opnfv))
    assert outcomes(opnfv, level="AGAIN")["b-2"] == ["FAILURE"], "the removed rule decided"
    assert "nothing changed" in opnfv.reload()

    # ---- a rule that asks somebody who is not there is a warning
    opnfv.extra = rule(require='a = "nobody:A=SUCCESS"')
    opnfv.configure()
    opnfv.reload()
    assert any("no community nobody in the roster" in w for w in opnfv.status()["warnings"])

    # ---- and a start refuses what a reload does
    opnfv.stop()
    opnfv.extra = WRONG[0][0]
    opnfv.configure()
    opnfv.start(wait_ready=False)
    assert opnfv.process.wait(timeout=20) == 78
    opnfv.process = None
