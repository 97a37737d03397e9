#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A cloned site: two nodes with one key, each dialled by one member. Whoever
sees both says so and shows the two epochs; the clone stops publishing once it
learns that it is no accident; what members have stays."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Refused, Row, artifact, wait  # noqa: E402
from mesh import free_port  # noqa: E402


def clone_of(mesh, node):
    """The same site, data and keys, on other ports."""
    clone = mesh.node(node.community + "/clone")
    shutil.rmtree(clone.dir)
    shutil.copytree(node.dir, clone.dir, ignore=shutil.ignore_patterns("run"))
    clone.name = node.name
    clone.events = f"tcp://127.0.0.1:{free_port()}"
    clone.sync = f"tcp://127.0.0.1:{free_port()}"
    clone.configure()
    return clone


def publish(node, n):
    """False once it refuses because another writes under its name."""
    try:
        return bool(node.publish(artifact(node.community, n=n)))
    except Refused as e:
        if e.status != 503 or "two writers" not in node.status()["publishing"]:
            raise
        return False


def told(node, name):
    peer = node.peer(name)
    if peer["twoWriters"] and not (len(peer["writers"]) == 2 and
                                   peer["writers"][0]["epoch"] < peer["writers"][1]["epoch"] and
                                   peer["writers"][0]["time"] > peer["writers"][1]["time"]):
        raise AssertionError(f"writers do not show it: {peer['writers']}")
    return peer["twoWriters"]


def one(row):
    with Mesh() as mesh:
        odl, opnfv, onap = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1"), mesh.node("onap/ci-1")
        opnfv.follow("*")
        onap.follow("*")
        mesh.befriend()
        mesh.start(odl, opnfv)
        opnfv.wait_peer(odl)
        odl.publish(artifact(n=0))
        wait("the first", lambda: opnfv.status()["stored"] == 1)
        odl.stop()
        clone = clone_of(mesh, odl)
        # onap's roster leads to the clone.
        path = os.path.join(onap.dir, "roster", "odl.zpl")
        with open(path) as f:
            text = f.read().replace(odl.events, clone.events).replace(odl.sync, clone.sync)
        with open(path, "w") as f:
            f.write(text)
        mesh.start(odl, clone, onap)
        begin, n, know, stopped = time.monotonic(), 1, {}, {}
        opnfv.wait_peer(odl, onap)
        while time.monotonic() - begin < 180:
            n += 1
            for name, node in ("odl", odl), ("clone", clone):
                if name not in stopped and not publish(node, n):
                    stopped[name] = round(time.monotonic() - begin, 1)
            for node in opnfv, onap:
                if node.name not in know and told(node, odl.name):
                    know[node.name] = round(time.monotonic() - begin, 1)
            if len(know) == 2 and stopped:
                break
            time.sleep(0.3)
        if len(know) != 2:
            row.violation("E6", f"told: {know}")
        elif max(know.values()) > 60:
            row.violation("E6", f"told after {know} s")
        if not stopped:
            row.violation("E6", "both go on publishing")
        if "two nodes sign with its key" not in opnfv.cli("peers"):
            row.violation("E6", "peers does not say it")
        row.reached += 1
        return know, stopped


with Row("E6", "two nodes with one key", unit="clones", short=1, long=5) as row:
    while row.reached < row.target:
        know, stopped = one(row)
        row.figure("members told after s", know)
        row.figure("stopped after s", stopped)
