#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Peers that die without a word: connections that swallow what is sent, both
ways or one way, that stand still, that were forgotten on the way; a stopped node.
Each is shown as down by silence alone, and comes back when it can."""
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Proxy, Row, artifact, check, settle, wait  # noqa: E402


def ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


with Row("C9", "peers that fall silent, half-open, IPv6", unit="deaths", short=5, long=25) as row, \
        Mesh() as mesh, Proxy() as proxy:
    odl = mesh.node("odl/ci-1").follow("*")
    v6 = {"host": "[::1]"} if ipv6() else {}
    peers = [mesh.node(f"{c}/ci-1", **more).follow("odl/") for c, more in
             (("opnfv", {}), ("onap", {}), ("akraino", {}), ("lfn", {}), ("fdio", v6))]
    mesh.befriend(odl, *peers)
    for n in peers:  # only odl and each other one: nobody repairs for another
        for o in peers:
            if o is not n:
                n.distrust(o)
    links = {n.name: proxy.link(odl, n) for n in peers[:4]}
    mesh.start()
    odl.wait_peer(*peers)
    for n in peers:
        n.wait_peer(odl)
    if v6 and "tcp://[::1]" not in odl.log_text() + peers[4].log_text():
        row.violation("row", "nobody speaks IPv6")
    down, back = [], []

    while row.reached < row.target:
        links["opnfv/ci-1"].swallow("both")
        links["onap/ci-1"].swallow("down")
        links["akraino/ci-1"].cut("both")
        links["lfn/ci-1"].forget()  # repaired by the node itself
        peers[4].signal(signal.SIGSTOP)
        died = {n.name: time.monotonic() for n in peers}
        while died and time.monotonic() < max(died.values()) + 60:
            for name in list(died):
                if not odl.peer(name)["up"]:
                    down.append(time.monotonic() - died.pop(name))
            time.sleep(0.1)
        for name in died:
            row.violation("P3", f"{name} is dead for 60 s and shown as up")
        odl.publish(*[artifact(n=i) for i in range(10)])
        healed = time.monotonic()
        for link in links.values():
            link.heal()
        peers[4].signal(signal.SIGCONT)
        for n in peers:
            wait(f"{n.name} is up again", lambda n=n: odl.peer(n.name)["up"], 60)
            back.append(time.monotonic() - healed)
        if settle(row, mesh, 40) is None:
            row.violation("P2", "what was said to the dead is missing")
            break
        row.reached += len(peers)
    row.figure("shown as down max s", round(max(down), 1))
    row.figure("up again max s", round(max(back), 1))
    check(row, mesh)
    row.note = "swallowed both ways, one way, standing still, forgotten, stopped; " + \
        ("the stopped one speaks IPv6" if v6 else "no IPv6 here: all on IPv4")
