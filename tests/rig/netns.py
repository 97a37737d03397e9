# SPDX-License-Identifier: MPL-2.0
"""Nodes in network namespaces of their own, on one bridge: packets are lost,
not bytes late. Takes root and a kernel that allows it: ask possible() first.

    with Net() as net:
        odl = net.node(mesh, "odl/ci-1")
        net.loss(odl, 5); net.heal()
"""
import os
import re
import shutil
import subprocess

TABLE = "cimesh"


def run(*words, stdin=None, code=0):
    done = subprocess.run([str(w) for w in words], input=stdin, capture_output=True, text=True)
    if code is not None and done.returncode != code:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.returncode


def possible():
    """"" or why not."""
    if os.geteuid() != 0:
        return "needs root"
    for tool in "ip", "tc", "nft":
        if not shutil.which(tool):
            return f"needs {tool}"
    try:
        with Net() as net:
            net.add("a")
            net.filter("a", "input", "drop")
    except RuntimeError as e:
        return f"this kernel does not allow it: {e}"
    return ""


class Net:
    _made = 0

    def __enter__(self):
        Net._made += 1
        self.name, self.at, self.nodes = f"cim{os.getpid()}x{Net._made}", {}, {}
        run("ip", "netns", "add", f"{self.name}-hub")
        self.hub("ip", "link", "add", "br0", "type", "bridge")
        self.hub("ip", "link", "set", "br0", "up")
        return self

    def __exit__(self, *what):
        for name in self.at:
            run("ip", "netns", "del", f"{self.name}-{name}", code=None)
        run("ip", "netns", "del", f"{self.name}-hub", code=None)

    def hub(self, *words, **kw):
        return run("ip", "netns", "exec", f"{self.name}-hub", *words, **kw)

    def inside(self, name, *words, **kw):
        return run("ip", "netns", "exec", f"{self.name}-{name}", *words, **kw)

    def add(self, name):
        """A namespace on the bridge; its address."""
        self.at[name] = f"10.213.0.{len(self.at) + 1}"
        run("ip", "netns", "add", f"{self.name}-{name}")
        self.hub("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0",
                 "netns", f"{self.name}-{name}")
        self.hub("ip", "link", "set", f"to-{name}", "master", "br0", "up")
        self.inside(name, "ip", "addr", "add", f"{self.at[name]}/24", "dev", "eth0")
        for link in "lo", "eth0":
            self.inside(name, "ip", "link", "set", link, "up")
        return self.at[name]

    def node(self, mesh, name):
        """A node that lives in a namespace named after its community."""
        community = name.split("/")[0]
        node = mesh.node(name, host=self.add(community))
        node.wrap = ["ip", "netns", "exec", f"{self.name}-{community}"]
        return node

    def filter(self, name, way, rule):
        """way: input or output; rule: as nft has it."""
        self.inside(name, "nft", "-f", "-", stdin=(
            f"add table inet {TABLE}\n"
            f"add chain inet {TABLE} {way} {{ type filter hook {way} priority 0; }}\n"
            f"add rule inet {TABLE} {way} {rule}\n"))

    def dropped(self):
        """Packets that loss() took so far."""
        total = 0
        for name in self.at:
            rules = subprocess.run(["ip", "netns", "exec", f"{self.name}-{name}", "nft", "list", "ruleset"],
                                   capture_output=True, text=True).stdout
            total += sum(int(n) for n in re.findall(r"counter packets (\d+)", rules))
        return total

    # ---- faults ----

    def loss(self, node, percent):
        """So many of the packets that come to it."""
        self.filter(node.community, "input", f"iifname eth0 numgen random mod 100 < {percent} counter drop")

    def deaf(self, node):
        self.filter(node.community, "input", "iifname eth0 drop")

    def mute(self, node):
        self.filter(node.community, "output", "oifname eth0 drop")

    def apart(self, node, other):
        """These two only."""
        self.filter(node.community, "input", f"ip saddr {self.at[other.community]} drop")
        self.filter(node.community, "output", f"ip daddr {self.at[other.community]} drop")

    def pull(self, node):
        """Its cable."""
        self.hub("ip", "link", "set", f"to-{node.community}", "down")

    def thin(self, node, kbit):
        """What it hears comes through so much."""
        self.hub("tc", "qdisc", "replace", "dev", f"to-{node.community}", "root", "tbf", "rate", f"{kbit}kbit",
                 "burst", "1600", "latency", "400ms")

    def heal(self):
        for name in self.at:
            self.inside(name, "nft", "delete", "table", "inet", TABLE, code=None)
            self.hub("tc", "qdisc", "del", "dev", f"to-{name}", "root", code=None)
            self.hub("ip", "link", "set", f"to-{name}", "up")
