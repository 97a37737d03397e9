# SPDX-License-Identifier: MPL-2.0
"""Who has no key in the roster gets not one byte of an event, whatever it
speaks: no CURVE, CURVE with a fresh key, or plain TCP that says nothing."""
import socket
import time

import nacl.public
import zmq

from mesh import Mesh, artifact, wait
from wire import Key, base64_z85, curve_public

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    ctx = zmq.Context()
    subs = []
    for mechanism in "null", "plain", "curve":
        sub = ctx.socket(zmq.SUB)
        sub.linger = 0
        sub.subscribe(b"")
        if mechanism == "plain":
            sub.plain_username, sub.plain_password = b"odl", b"odl"
        if mechanism == "curve":
            secret = nacl.public.PrivateKey.generate().encode()
            sub.curve_secretkey = base64_z85(secret)
            sub.curve_publickey = base64_z85(curve_public(secret))
            sub.curve_serverkey = base64_z85(
                curve_public(Key(odl.dir + "/keys/node.key").curve))
        sub.connect(odl.events)
        subs.append(sub)
    host, port = odl.events[6:].split(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(50)]

    # Long enough for a handshake of each and a beacon to everybody.
    end = time.monotonic() + 6
    n = 0
    while time.monotonic() < end:
        n += 1
        odl.publish(artifact(n=n))
        assert not any(sub.poll(20) for sub in subs), "a stranger was served"
    wait("opnfv is served", lambda: opnfv.status()["stored"] == n)
    wait("silent connections are closed", lambda: all(
        s.recv(64) is not None and s.recv(1) == b"" for s in silent), 30)
    ctx.destroy(linger=0)
