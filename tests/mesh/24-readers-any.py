# SPDX-License-Identifier: MPL-2.0
"""readers = "any": every CURVE client may subscribe and fetch, no more."""
import msgpack
import nacl.public
import zmq

from mesh import Mesh, artifact, wait
from wire import Key, base64_z85, curve_public, pack

with Mesh() as m:
    odl = m.node("odl/ci-1", readers="any").start()
    place = odl.publish(artifact(n=1))[0]
    ctx = zmq.Context()
    secret = nacl.public.PrivateKey.generate().encode()

    def dial(kind, endpoint):
        sock = ctx.socket(kind)
        sock.linger = 0
        sock.curve_secretkey = base64_z85(secret)
        sock.curve_publickey = base64_z85(curve_public(secret))
        sock.curve_serverkey = base64_z85(curve_public(Key(odl.dir + "/keys/node.key").curve))
        sock.connect(endpoint)
        return sock

    sub = dial(zmq.SUB, odl.events)
    sub.subscribe(b"odl/")
    wait("a live event", lambda: odl.publish(artifact(n=2)) and sub.poll(100))
    assert sub.recv_multipart()[0] == b"odl/ArtifactCreated/master/"

    dealer = dial(zmq.DEALER, odl.sync)
    dealer.send(pack([1, "fetch", 5, "odl/ci-1", place["epoch"], 0, 1, ["odl/"], 0, b""]))
    assert dealer.poll(10000)
    answer = msgpack.unpackb(dealer.recv())
    assert answer[1:3] == ["fetch", 5] and len(answer[6]) == 1, answer
    dealer.send(pack([1, "heads", 6, ["odl/ci-1"], b"", ["", 0]]))
    assert dealer.poll(10000) and msgpack.unpackb(dealer.recv())[1:] == ["refused", 6, "quota"]

    # A stranger that subscribes to too much loses its own connection alone.
    before = odl.connections()
    secret = nacl.public.PrivateKey.generate().encode()
    bomb = dial(zmq.SUB, odl.events)
    bomb.sndhwm = 0
    for i in range(100):
        bomb.subscribe(b"odl/%d/" % i)
    wait("the stranger is over its quota", lambda: bomb.poll(50) or odl.refused("quota") > 1)
    assert before and before <= odl.connections(), "others were cut as well"

    # Closed again by a reload: the reader is cut.
    odl.readers = "roster"
    odl.configure()
    assert "readers" in odl.reload()

    def quiet():
        while sub.poll(0):
            sub.recv_multipart()
        odl.publish(artifact(n=3))
        return not sub.poll(1000)
    wait("the reader is cut", quiet)
    ctx.destroy(linger=0)
