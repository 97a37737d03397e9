#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The publisher moves to another address while one follower cannot resolve its
name: another member serves what it says meanwhile; when the name resolves
again, the follower finds the new address.

The follower has a hosts file of its own, which takes root and a mount
namespace; without them its roster names an address where nobody is."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402

NAME = "ci.odl.example"


def may_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount --bind /etc/hosts /etc/hosts"],
        capture_output=True, check=False).returncode == 0


def replace_in(path, old, new):
    """In a roster file, as its community does it: with the next serial."""
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(re.sub(r'serial = "(\d+)"', lambda m: f'serial = "{int(m[1]) + 1}"', text.replace(old, new)))


with Row("C8", "the publisher moves, its name does not resolve", unit="moves", short=1, long=4) as row, \
        Mesh() as mesh:
    odl, opnfv, onap = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1"), mesh.node("onap/ci-1")
    named = may_mount()
    for n in opnfv, onap:
        n.follow("odl/")
    mesh.befriend()
    roster = {n: os.path.join(n.dir, "roster", "odl.zpl") for n in (opnfv, onap)}
    hosts = os.path.join(mesh.dir, "hosts")

    def resolve(address):
        """From now on the name is this at onap, or nothing."""
        with open(hosts, "w") as f:  # in place: it is mounted
            f.write("127.0.0.1 localhost\n" + (f"{address} {NAME}\n" if address else ""))

    resolve("127.0.0.1")
    for n in mesh.nodes:
        n.clock.mono(0)

    def hurry():
        """In a short run onap's clock runs faster while it waits."""
        if not row.long and onap.clock.mono_ms < hurried["to"] + 60_000:
            onap.clock.mono(onap.clock.mono_ms + 2000)

    hurried = {"to": 0}
    if named:
        replace_in(roster[onap], "127.0.0.1", NAME)
    mesh.start(odl, opnfv)
    if named:
        onap.wrap = ["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"]
    onap.start()
    for n in opnfv, onap:
        n.wait_peer(odl)
    ledger = Ledger(row, odl, rate=50).start()
    address, late, back = "127.0.0.1", [], []
    while row.reached < row.target:
        old, address = address, f"127.0.0.{2 + row.reached % 200}"
        if named:
            resolve(None)
        odl.kill()
        odl.events, odl.sync = (e.replace(old, address) for e in (odl.events, odl.sync))
        odl.configure()
        replace_in(roster[opnfv], old, address)
        opnfv.reload()
        odl.start(wait_ready=False)
        hurried["to"] = onap.clock.mono_ms
        wait("onap shows odl as down", lambda: hurry() or not onap.peer("odl/ci-1")["up"], 40)
        before = len(ledger)
        wait("more is acknowledged", lambda: len(ledger) > before + 50, 30)
        settle(row, mesh, 30, nodes=[odl, opnfv])
        aim, begin = opnfv.status()["stored"], time.monotonic()
        ms = hurried["to"] = onap.clock.mono_ms
        while onap.status()["stored"] < aim and time.monotonic() < begin + 60:
            hurry()
            time.sleep(0.2)
        late.append(time.monotonic() - begin + (onap.clock.mono_ms - ms) / 1000)
        if onap.status()["stored"] < aim:
            row.violation("P2", f"move {row.reached}: opnfv has {aim}, onap {onap.status()['stored']} after 60 s")
            break
        if onap.peer("odl/ci-1")["up"]:
            row.violation("row", "onap still hears odl: nothing was tested")
        begin = time.monotonic()
        if named:
            resolve(address)
        else:
            replace_in(roster[onap], old, address)
            onap.reload()
        wait("onap hears odl again", lambda: onap.peer("odl/ci-1")["up"], 60)
        back.append(time.monotonic() - begin)
        row.reached += 1
    ledger.stop()
    settle(row, mesh, 60)
    check(row, mesh, [ledger])
    row.figure("through the other member max s", round(max(late), 1))
    row.figure("found again max s", round(max(back), 1))
    row.note = ("a hosts file of its own" if named else "not root: by changes of the roster") + \
        ("" if row.long else "; onap's clock runs faster while it waits")
