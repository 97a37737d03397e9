# SPDX-License-Identifier: MPL-2.0
"""A CURVE key announced as curve-next: its node may change over to it when it
likes; peers with the same roster file find it again."""
import base64

import nacl.public

from mesh import Mesh, artifact, wait


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    secret = nacl.public.PrivateKey.generate()
    text = open(odl.roster).read()
    at = text.index("        curve = ")
    text = text[:at] + f'        curve-next = "{b64(bytes(secret.public_key))}"\n' + text[at:]
    open(odl.roster, "w").write(text)
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    assert odl.stop() == 0
    key = odl.dir + "/keys/node.key"
    lines = open(key).read().splitlines()
    lines[2] = "curve = " + b64(bytes(secret))
    open(key, "w").write("\n".join(lines) + "\n")

    odl.start()
    last = odl.publish(artifact(n=1))[0]["eventId"]
    wait("found again", lambda: last in opnfv.ids(), 60)
    odl.wait_peer(opnfv)  # and let in by the others
