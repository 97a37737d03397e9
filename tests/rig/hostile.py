# SPDX-License-Identifier: MPL-2.0
"""Those who mean harm: strangers with a key of their own, and what they send."""
import nacl.public
import zmq

from wire import Key, base64_z85, curve_public


class Stranger:
    """A CURVE client in no roster: a SUB and a DEALER to one node."""

    def __init__(self, node, secret=None):
        self.secret = secret or nacl.public.PrivateKey.generate().encode()
        self.ctx = zmq.Context()
        server = curve_public(Key(node.dir + "/keys/node.key").curve)
        self.sub = self._dial(zmq.SUB, node.events, server)
        self.dealer = self._dial(zmq.DEALER, node.sync, server)

    def _dial(self, kind, endpoint, server):
        sock = self.ctx.socket(kind)
        sock.linger = 0
        sock.sndhwm = 0
        sock.curve_secretkey = base64_z85(self.secret)
        sock.curve_publickey = base64_z85(curve_public(self.secret))
        sock.curve_serverkey = base64_z85(server)
        sock.connect(endpoint)
        return sock

    def close(self):
        self.ctx.destroy(linger=0)


def secret_of(node):
    """A node's CURVE secret: with it one connects as that member."""
    return Key(node.dir + "/keys/node.key").curve
