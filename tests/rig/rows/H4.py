#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Many members and a long past: start, queries and catch-up pages stay quick.

One node holds a past of its own and of 127 nodes that are no longer there; 64
members run. Pages are asked for as a member asks, with the client of
tests/vectors."""
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "vectors"))
import client  # noqa: E402
import cimesh_wire as wire  # noqa: E402
from rig import Mesh, Node, Row, artifact, wait  # noqa: E402
from load import (Talk, alive, audit, database, full_mesh, memory, ms, past, percentile,  # noqa: E402
                  start_all)


SECRET = bytes([8]) * 32
DESK = client.Peer("desk/desk-1", wire.sign_public(bytes([7]) * 32), wire.curve_public(SECRET))


def peer_of(node):
    return client.read_roster(pathlib.Path(node.roster).read_text())[0]


def pages(chance, holder, author, n):
    """Seconds of n pages from random places of the author's logs, and events."""
    with database(holder) as db:
        logs = db.execute("SELECT l.epoch, l.high FROM log l JOIN feed f ON f.id = l.feed"
                          " WHERE f.node = ? AND l.high > 0", (author.node,)).fetchall()
    reader = client.Follower(peer_of(holder), SECRET, author=author)
    seconds, events = [], 0
    for _ in range(n):
        epoch, high = chance.choice(logs)
        ask = wire.fetch_ask(reader._next(), author.node, epoch, *span(chance, high), [""], ())
        begin = time.monotonic()
        answer = reader.ask(ask)
        seconds.append(time.monotonic() - begin)
        events += sum(len(wire.check_slice(s, reader.author.sign).events)
                      for s in answer.values["slices"])
    reader.close()
    return seconds, events


def span(chance, high):
    after = chance.randrange(high)
    return after, min(after + wire.MAX_POSITIONS, high)


def queries(row, node):
    """Figures of what people and dashboards ask, ms, p99."""
    talk = Talk(node)
    some = json.loads(talk.get("/v1/events?newest=1&limit=1"))
    asked = {
        "status": "/v1/status",
        "peers": "/v1/peers",
        "log -n 20": "/v1/events?newest=1&limit=20",
        "log PREFIX -n 20": f"/v1/events?newest=1&limit=20&topic={some['topic']}*",
        "log COMMUNITY -n 20": "/v1/events?newest=1&limit=20&topic=h001/*",
        "log PREFIX": "/v1/events?limit=1000&topic=h002/*",
        "show ID": f"/v1/events/{some['eventId']}",
        "show --proof": f"/v1/events/{some['eventId']}?proof=1",
    }
    for name, path in asked.items():
        row.figure(f"{name} p99 ms", ms(percentile(talk.timed(path, 50), 99)))


with Row("H4", "64 members, a million events stored", unit="events",
         short=20_000, long=1_000_000, alone=True) as row:
    members = 64 if row.long else 6
    with Mesh() as mesh:
        nodes = full_mesh(mesh, members)
        big = nodes[0]
        gone = [Node(mesh, f"h{i:03}/ci-1") for i in range(127)]
        past(row, big, row.target, *gone, branches=2000)
        with open(os.path.join(big.dir, "roster", "desk.zpl"), "w") as f:
            f.write(DESK.roster())
        begin = time.monotonic()
        big.start(wait_ready=False)
        wait("it answers", lambda: alive(big), 60)
        row.figure("ready s", round(time.monotonic() - begin, 2))
        if big.status()["stored"] != row.target:
            row.violation("P1", f"{big.status()['stored']} of {row.target} events after the start")
        row.figure("RssAnon MiB at start", memory(big)[0])
        queries(row, big)
        big.stop()

        begin = time.monotonic()
        start_all(nodes, 300)
        row.figure(f"{members} members see each other s", round(time.monotonic() - begin, 1))
        row.say(f"{members} members see each other")
        own = big.status()["stored"] // 128
        for node in nodes[1:]:
            wait(f"{node.name} has what is {big.name}'s",
                 lambda n=node: n.alive() and n.status()["stored"] >= own, 300)
        row.figure("its own events at all members s", round(time.monotonic() - begin, 1))
        took, events = pages(row.random, big, peer_of(gone[0]), 100 if row.long else 20)
        row.figure("page p50 ms", ms(percentile(took, 50)))
        row.figure("page p99 ms", ms(percentile(took, 99)))
        row.figure("events a page", round(events / len(took)))
        said = Talk(nodes[-1]).publish(*[artifact(nodes[-1].community, "master", i)
                                         for i in range(10)])
        at = time.monotonic()
        for node in nodes:
            wait(f"{node.name} has them", lambda n=node: set(said) <= set(
                e["eventId"] for e in n.all(nodes[-1].community + "/")), 120)
        row.figure("10 events at all members s", round(time.monotonic() - at, 1))
        audit(row, big, [(nodes[-1].community, s) for s in said])
        row.figure("RSS MiB, most", max(memory(n)[1] for n in nodes))
        row.reached = row.target
        row.note = (f"{members} members on {os.cpu_count()} cores, 10 M events scaled to 1 M; target"
                    " ready < 3 s, page p99 < 50 ms, query < 200 ms")
