# SPDX-License-Identifier: MPL-2.0
"""kill -9 of the node in the middle of hooks: every event runs to its end, in
order; a repeat has the next attempt number, there is at most one a kill, and
what it repeats is dead by then."""
import os

from mesh import Mesh, artifact, wait

KILLS = 200 if os.environ.get("CIM_LONG") else 10

with Mesh() as m:
    odl = m.node("odl/ci-1")
    journal, script = odl.dir + "/journal", odl.dir + "/hook"
    with open(script, "w") as f:
        f.write('#!/bin/sh\nsay() { echo "$1 $CIMESH_EVENT_ID $CIMESH_ATTEMPT" '
                '>> "$CIMESH_DIR/journal"; }\nsay start; sleep 0.03; say end\n')
    os.chmod(script, 0o700)
    odl.extra = f'hooks\n    h\n        topic = "odl/"\n        exec = "{script}"\n'
    odl.configure()

    def said(word):
        if not os.path.exists(journal):
            return []
        with open(journal) as f:
            return [tuple(line.split()[1:]) for line in f if line.startswith(word)]

    m.start()
    ids = []
    for n in range(KILLS):
        ids += [p["eventId"] for p in odl.publish(artifact(n=2 * n), artifact(n=2 * n + 1))]
        had = len(said("start"))
        wait("a hook starts", lambda: len(said("start")) > had)
        odl.kill()
        odl.start()
    wait("all ran", lambda: {i for i, _ in said("end")} == set(ids), 60 + KILLS)

    starts = said("start")
    assert len(starts) == len(set(starts)), "an attempt number came twice"
    assert len(starts) - len(ids) <= KILLS, "more repeats than kills"
    assert list(dict.fromkeys(i for i, _ in starts)) == ids, "out of order"
    with open(journal) as f:
        lines = [tuple(line.split()) for line in f]
    for at, (word, i, attempt) in enumerate(lines):
        late = [w for w, j, a in lines[at:] if j == i and int(a) < int(attempt)]
        assert not late, f"{i}: attempt {attempt} started beside an earlier one"
    wait("scratch folders go", lambda: not os.listdir(odl.dir + "/run/hooks"))
