# SPDX-License-Identifier: MPL-2.0
"""Jobs that keep books, and hooks that do: what was promised, and what ran.

A Ledger is a process of its own (publisher.c) that publishes to one node and
enters each event after its acknowledgement, fsynced. A Journal is what
journal.c, as a hook of a node, wrote: one line a run.
"""
import collections
import json
import os
import signal
import subprocess
import time

Entry = collections.namedtuple("Entry", "community id node epoch seq")


class Ledger:
    """What one publisher was promised by one node.

    rate: events a second, 0 as fast as they are acknowledged; batch: events a
    request; count: in all, 0 until stop(); branch: the topic's last part. It ends
    with the thread that started it: start it in the row's own.
    """

    _made = 0

    def __init__(self, row, node, rate=100, batch=1, count=0, branch="master"):
        from rig import program
        Ledger._made += 1
        self.node, self.row = node, row
        self.path = os.path.join(row.dir, f"ledger-{node.name.replace('/', '-')}-{Ledger._made}")
        open(self.path, "a").close()
        self.command = [program("rig_publisher"), os.path.join(node.dir, "run", "api.sock"), self.path,
                        str(rate), str(batch), str(count), branch, str(row.random.getrandbits(62))]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        return self

    def stop(self):
        """Ends it; returns self. What was not answered by then is in doubt."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.join(15)

    def join(self, seconds=900):
        """Until it has published its count, or was stopped. Not for ever: a
        node that is dead for long will not answer any more."""
        begin = alive = time.monotonic()
        while self.process.poll() is None:
            now = time.monotonic()
            if self.node.process and self.node.process.poll() is None:
                alive = now
            if now - begin > seconds or now - alive > 30:
                self.process.kill()
                self.process.wait()
                if now - alive > 30:
                    raise AssertionError(f"{self.node.name} is dead, its publisher waits")
            time.sleep(0.02)
        code = self.process.returncode
        if code not in (0, -signal.SIGKILL, -signal.SIGTERM):
            self.row.violation("P1", f"a publisher of {self.node.name} ended with {code}: refused for good?")
        return self

    def done(self):
        return self.process.poll() is not None

    def entries(self):
        """Acknowledged so far, in order."""
        with open(self.path) as f:
            return [Entry(c, i, n, int(e), int(s)) for c, i, n, e, s in
                    (line.split() for line in f if line.endswith("\n"))]

    def __len__(self):
        with open(self.path, "rb") as f:
            return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b""))


class Journal:
    """The runs of one hook of a node. Give the node Journal.zpl in `extra`
    (before it starts): topic is what the hook wants, fail_percent of the first
    attempts exit 1, each takes sleep_ms."""

    def __init__(self, row, node, name="journal", topic="*", fail_percent=0, sleep_ms=0):
        from rig import program
        self.node, self.name, self.topic = node, name, topic
        self.path = os.path.join(row.dir, f"journal-{node.name.replace('/', '-')}-{name}")
        command = f"{program('rig_journal')} {self.path} {fail_percent} {sleep_ms}"
        self.zpl = f'    {name}\n        topic = "{topic}"\n        exec = "{command}"\n'

    @staticmethod
    def install(*journals):
        """All journals of one node become its hooks."""
        node = journals[0].node
        node.extra += "hooks\n" + "".join(j.zpl for j in journals)
        node.configure()

    def runs(self):
        """[(attempt, "COMMUNITY:ID")], in the order they were written."""
        if not os.path.exists(self.path):
            return []
        with open(self.path) as f:
            return [(int(a), e) for a, e in (line.split() for line in f if line.endswith("\n"))]


def hooks_done(row, *nodes, seconds=60):
    """Until the hooks of these nodes ran for all they match; False in vain."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        hooks = [h for n in nodes for h in json.loads(n.get("/v1/hooks")[1])]
        if all(h["waiting"] == 0 and h["attempt"] == 0 for h in hooks):
            return True
        time.sleep(0.1)
    row.say(f"hooks are not done after {seconds} s: {hooks}")
    return False
