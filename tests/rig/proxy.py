# SPDX-License-Identifier: MPL-2.0
"""Links that can be made bad: a TCP proxy in front of a peer's endpoints.

    proxy = Proxy()
    link = proxy.link(onap, odl)   # before onap starts: onap dials odl here
    link.cut("both"); link.heal()

The dialler's own copy of the peer's roster file names the proxy's ports; the
peer knows nothing. Up is from who dials to who is dialled. Between two nodes
that follow each other there are two links, one for each that dials; cut_from()
closes one way of a pair, as a broken route does.
"""
import os
import subprocess


class Link:
    """One node's connections to one peer: events and sync together."""

    def __init__(self, proxy, number, dialler, peer):
        self.proxy, self.number, self.dialler, self.peer = proxy, number, dialler, peer

    def _say(self, word, *rest):
        return self.proxy.say(word, self.number, *rest)

    def delay(self, ms, jitter_ms=0):
        """Every piece, both ways, late by ms +- jitter, in order."""
        self._say("delay", ms, jitter_ms)

    def throttle(self, bytes_s):
        self._say("throttle", bytes_s)

    def cut(self, way="both"):
        """Nothing moves, nothing is lost, new connections wait: a partition."""
        self._say("cut", way)

    def swallow(self, way="both"):
        """What is sent disappears: half-open."""
        self._say("swallow", way)

    def forget(self):
        """What is sent on the connections there are disappears; new ones work.
        So does a NAT that took an idle connection out of its table."""
        self._say("forget")

    def refuse(self):
        self._say("refuse")

    def reset(self):
        self._say("reset")

    def heal(self):
        self._say("heal")

    def count(self):
        """(connections, bytes up, bytes down) so far."""
        return tuple(int(n) for n in self._say("count").split()[1:])


class Proxy:
    """with Proxy() as proxy: ... - one process for all links of a row."""

    def __init__(self):
        from rig import program
        self.process = subprocess.Popen([program("rig_proxy")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.links = []

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.process.stdin.close()
        self.process.wait(10)

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        answer = self.process.stdout.readline().strip()
        if not answer.startswith("ok"):
            raise RuntimeError(f"proxy: {words}: {answer or 'is gone'}")
        return answer

    def link(self, dialler, peer, ends=("events", "sync")):
        """From now on the dialler reaches this peer, or these ends of it, through
        a link of its own. After trust() or befriend(), before it starts."""
        from mesh import free_port
        link = Link(self, len(self.links), dialler, peer)
        self.links.append(link)
        path = os.path.join(dialler.dir, "roster", peer.community + ".zpl")
        with open(path) as f:
            text = f.read()
        for endpoint in (getattr(peer, end) for end in ends):
            host, to = endpoint[len("tcp://"):].rsplit(":", 1)
            port = free_port()
            self.say("open", link.number, port, host, to)
            assert f'"{endpoint}"' in text, f"{path} does not name {endpoint}"
            text = text.replace(f'"{endpoint}"', f'"tcp://127.0.0.1:{port}"')
        with open(path, "w") as f:
            f.write(text)
        return link

    def all_pairs(self, *nodes):
        """A link for each that dials each: {(dialler, peer): link}, by name."""
        return {(a.name, b.name): self.link(a, b)
                for a in nodes for b in nodes if a.community != b.community}


def cut_from(pair, a, b):
    """Nothing from node a reaches node b; the way back is open."""
    if (a.name, b.name) in pair:
        pair[a.name, b.name].cut("up")
    if (b.name, a.name) in pair:
        pair[b.name, a.name].cut("down")


def heal_pair(pair, a, b):
    for names in (a.name, b.name), (b.name, a.name):
        if names in pair:
            pair[names].heal()
