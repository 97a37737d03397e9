# SPDX-License-Identifier: MPL-2.0
"""kill -9 at every step of a decision: after the next start each baseline that
can be decided is decided once, and what is open stays so."""
import signal

from mesh import Mesh, wait
from promotion import baseline, caught_up, outcomes, rule, stamp

PLACES = ["judge-walked", "promote-due", "batch-signed", "own-committed",
          "store-begin", "store-commit", "store-committed", "store-commit@2",
          "store-committed@2", "store-commit@3", "promote-said",
          "store-hook", "store-hook@2"]

with Mesh() as m:
    opnfv = m.node("opnfv/ci-1")
    opnfv.start()
    for n in range(3):
        opnfv.publish(baseline(f"b-{n}"))
    opnfv.publish(stamp("b-0", A="SUCCESS"), stamp("b-1", A="FAILURE"))
    want = {"b-0": ["SUCCESS"], "b-1": ["FAILURE"]}

    for n, place in enumerate(PLACES):
        level, action = f"L{n}", place.replace("@", "=crash@") if "@" in place else place + "=crash"
        opnfv.stop()
        # Every rule is new and begins with what is stored.
        opnfv.extra = rule(f"r{n}", f'level = "{level}"\nbackfill = "yes"',
                           'a = "opnfv:A=SUCCESS"')
        opnfv.configure()
        opnfv.env["CIMESH_FAILPOINT"] = action
        opnfv.start(wait_ready=False)
        assert opnfv.process.wait(timeout=60) == -signal.SIGKILL, place
        del opnfv.env["CIMESH_FAILPOINT"]
        opnfv.start()
        wait(f"{place}: decided", lambda: outcomes(opnfv, level=level) == want)
        wait(f"{place}: all looked at", lambda: caught_up(opnfv))
        opnfv.stop()
        opnfv.start()
        wait(f"{place}: all looked at again", lambda: caught_up(opnfv))
        assert outcomes(opnfv, level=level) == want, (place, outcomes(opnfv, level=level))

    # The last rule goes on where it was.
    opnfv.publish(stamp("b-2", A="SUCCESS"), stamp("b-1", A="SUCCESS"))
    want = {"b-0": ["SUCCESS"], "b-1": ["FAILURE", "SUCCESS"], "b-2": ["SUCCESS"]}
    wait("the rest", lambda: outcomes(opnfv, level=level) == want)
    opnfv.kill()
    opnfv.start()
    wait("all looked at", lambda: caught_up(opnfv))
    assert outcomes(opnfv, level=level) == want
    assert outcomes(opnfv, level="L0") == {"b-0": ["SUCCESS"], "b-1": ["FAILURE"]}
