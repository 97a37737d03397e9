# SPDX-License-Identifier: MPL-2.0
"""Cycles of partition and heal between three nodes that all publish and all
follow each other: the work of rows C2 and D1, which differ in what else is
done to the nodes meanwhile."""
import time

from checker import Store, missing, most_of
from rig import Ledger, check, settle


FOLLOWS = [["*"], ["odl/", "onap/ArtifactCreated/stable/"], ["odl/ArtifactCreated/master/", "opnfv/"]]


def stores_of(nodes, what):
    """what(stores), opened and closed for it."""
    stores = [Store(n) for n in nodes]
    try:
        return what(stores)
    finally:
        for s in stores:
            s.close()


def caught_up(nodes, most, seconds):
    """Until all have what anybody had when `most` was counted; seconds, or None."""
    begin = now = time.monotonic()
    while now - begin < seconds:
        if not any(stores_of(nodes, lambda stores: missing(stores, most)).values()):
            return time.monotonic() - begin
        time.sleep(max(0.05, 2 * (time.monotonic() - now)))
        now = time.monotonic()
    return None


def three(mesh, proxy, prepare=None):
    """Three nodes over bad links, of which one follows everything and two some
    of each other: (nodes, links)."""
    nodes = [mesh.node(n) for n in ("odl/ci-1", "opnfv/ci-1", "onap/ci-1")]
    for n, topics in zip(nodes, FOLLOWS):
        n.follow(*topics)
        if prepare:
            prepare(n)
    mesh.befriend()
    links = proxy.all_pairs(*nodes)
    mesh.start()
    for n in nodes:
        n.wait_peer(*(o for o in nodes if o is not n))
    return nodes, links


def tear(row, links, nodes):
    """One partition, chosen by the row's seed; what it was. Half of them keep
    what is sent until the heal, as TCP does over a short break; the others lose
    it, and the connections with it."""
    kind = row.random.choice(["pair", "alone", "one way", "deaf", "all"])
    how = row.random.choice(["cut", "swallow"])
    a, b = row.random.sample(nodes, 2)
    for (dialler, peer), link in links.items():
        both = {dialler, peer} == {a.name, b.name}
        if kind == "all" or (kind == "pair" and both) or (kind == "alone" and a.name in (dialler, peer)):
            getattr(link, how)("both")
        elif (kind == "one way" and both) or (kind == "deaf" and a.name in (dialler, peer)):
            # Nothing reaches a, from b or from anybody; what a says passes.
            getattr(link, how)("down" if dialler == a.name else "up")
    return f"{kind}, {how}"


def heal(links):
    for link in links.values():
        link.heal()


def cycles(row, nodes, faults, hold, during=lambda: None, ledgers=()):
    """Cuts, holds for hold() seconds with during() in the middle, heals, until
    row.reached is row.target. The seconds each took to catch up. faults: a
    function that tears and says what, and one that heals."""
    tear_, heal_ = faults
    took, backlog_most = [], 0
    while row.reached < row.target:
        kind, before = tear_(), [len(ledger) for ledger in ledgers]
        seconds = hold()
        time.sleep(seconds / 2)
        during()
        time.sleep(seconds / 2)
        backlog = sum(map(len, ledgers)) - sum(before)
        heal_()
        s = caught_up(nodes, stores_of(nodes, most_of)[0], 60)
        if s is None:
            row.violation("P2", f"not caught up 60 s after partition {row.reached} ({kind}, {seconds:.1f} s)")
            return took
        took.append(s)
        backlog_most = max(backlog, backlog_most)
        row.reached += 1
    row.figure("largest backlog", backlog_most)
    return took


def publishers(row, nodes):
    """Two a node, that publish until they are stopped."""
    return [Ledger(row, n, rate=rate, batch=2, branch=branch).start()
            for n in nodes for rate, branch in ((70, "master"), (50, "stable"))]


def verdict(row, mesh, ledgers, took):
    for ledger in ledgers:
        ledger.stop()
    settle(row, mesh, 60)
    took.sort()
    row.figure("acknowledged", check(row, mesh, ledgers)["acknowledged"])
    row.figure("caught up p50 s", round(took[len(took) // 2], 2) if took else None)
    row.figure("caught up max s", round(took[-1], 2) if took else None)


def partitions(row, mesh, proxy, hold, prepare=None, during=None):
    """The whole row: publishers on all nodes, cycles, the verdict."""
    nodes, links = three(mesh, proxy, prepare)
    ledgers = publishers(row, nodes)
    faults = (lambda: tear(row, links, nodes)), (lambda: heal(links))
    took = cycles(row, nodes, faults, hold, lambda: during and during(nodes), ledgers)
    verdict(row, mesh, ledgers, took)
