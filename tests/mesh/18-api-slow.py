# SPDX-License-Identifier: MPL-2.0
"""Clients that send a byte now and then, or never read, keep nobody out."""
import os
import select
import socket
import threading

from mesh import Mesh, SLOW, artifact, wait


def connect(node):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(120 * SLOW)
    s.connect(os.path.join(node.dir, "run", "api.sock"))
    return s


def is_closed(s):
    try:
        return bool(select.select([s], [], [], 0)[0]) and s.recv(4096) == b""
    except ConnectionError:
        return True


with Mesh() as m:
    node = m.node("odl/ci-1")
    m.start()
    node.publish(*(artifact(n=i) for i in range(1000)))

    # A stream of nothing, to see that it lives.
    quiet = connect(node)
    quiet.sendall(b"GET /v1/stream?topic=onap/ HTTP/1.1\r\nHost: x\r\n\r\n")
    said = bytearray()

    def beats():
        while select.select([quiet], [], [], 0)[0]:
            more = quiet.recv(4096)
            assert more, said
            said.extend(more)
        return said.count(b"\r\n1\r\n\n\r\n")

    # 600 that never finish their headers, 100 their body, 100 that never read.
    slow, ended = [], threading.Event()

    def attack():
        while not ended.is_set():
            if len(slow) < 800:
                kind = len(slow) % 8
                s = connect(node)
                try:
                    if kind == 0:
                        s.sendall(b"GET /v1/stream?since=all HTTP/1.1\r\nHost: x\r\n\r\n")
                    elif kind == 1:
                        s.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{")
                    else:
                        s.sendall(b"POST /v1/events HTTP/1.1\r\nX: ")
                except OSError:
                    pass
                slow.append(s)
                continue
            ended.wait(0.5)
            for s in slow:
                try:
                    s.send(b"x", socket.MSG_DONTWAIT)
                except OSError:
                    pass

    attacker = threading.Thread(target=attack)
    attacker.start()
    wait("the attack runs", lambda: len(slow) == 800)
    for n in range(200):
        node.publish(artifact(n=n))
    assert node.status()["stored"] == 1200

    # Whoever was slow is cut in the end; streams may stay.
    wait("they are cut", lambda: all(is_closed(s) for i, s in enumerate(slow) if i % 8 > 1), 60)
    node.publish(artifact(n=1))
    wait("heartbeats", beats, 60)
    ended.set()
    attacker.join()
    for s in slow:
        s.close()
