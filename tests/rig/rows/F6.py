#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Two valid events for one position, in any order, live and over: the first
stays, both headers are kept as a proof, the publisher is flagged."""
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, wait  # noqa: E402
from hostile import Liar  # noqa: E402
from wire import Author, event  # noqa: E402

TOPIC = "evil/ArtifactCreated/master/"

with Row("F6", "two events for one position", unit="pairs", short=500, long=10_000) as row, Mesh() as mesh:
    opnfv, evil = mesh.node("opnfv/ci-1").follow("*"), mesh.node("evil/ci-1")
    mesh.befriend()
    opnfv.start()
    liar = Liar(opnfv, evil)
    first, pairs = {}, 0
    epoch = liar.author.epoch
    while row.reached < row.target:
        # Each pair in a log of its own: what counts is told once for each.
        epoch += 1
        one, two = Author(evil.name, liar.key, epoch), Author(evil.name, liar.key, epoch)
        for author in one, two:
            author.time = liar.author.time
        n = row.random.randrange(1, 4)
        mine = [event(TOPIC) for _ in range(n)]
        liar.send(TOPIC, one.slice(mine))
        liar.send(TOPIC, two.slice([event(TOPIC) for _ in range(row.random.randrange(1, 4))]))
        first[epoch] = mine
        row.reached += 1
        if row.reached % 50 == 0:
            wait("seen", lambda: sqlite3.connect(f"file:{opnfv.dir}/data/cimesh.db?mode=ro", uri=True).execute(
                "SELECT count(*) FROM equivocation").fetchone()[0] >= row.reached, 60)
            liar.beacon()
    if not opnfv.peer(evil.name)["equivocation"]:
        row.violation("F6", "the publisher is not flagged")
    if "two histories" not in opnfv.cli("peers"):
        row.violation("F6", "peers does not say it")
    db = sqlite3.connect(f"file:{opnfv.dir}/data/cimesh.db?mode=ro", uri=True)
    for epoch, a, a_sig, b, b_sig in db.execute(
            "SELECT epoch, a, a_sig, b, b_sig FROM equivocation JOIN log ON log.id = equivocation.log"):
        pairs += 1
        if a == b:
            row.violation("P6", f"epoch {epoch}: the two headers kept are one")
        for header, signature in (a, a_sig), (b, b_sig):
            liar.key.sign.verify_key.verify(b"cimesh batch v1\0" + header, signature)
    if pairs != row.reached:
        row.violation("P6", f"{pairs} proofs of {row.reached} contradictions")
    for epoch, seq, raw in db.execute("SELECT epoch, seq, bytes FROM event JOIN log ON log.id = event.log"):
        if seq <= len(first[epoch]) and raw != first[epoch][seq - 1]:
            row.violation("P6", f"{epoch}/{seq}: the first event did not stay")
    opnfv.stop()
    opnfv.start()
    if not opnfv.peer(evil.name)["equivocation"]:
        row.violation("P6", "the flag is gone after a restart")
    liar.close()
