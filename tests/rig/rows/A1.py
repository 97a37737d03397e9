#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A1: kill -9 at every failpoint, under load, with hooks and followers.

Two nodes publish, follow each other and run hooks; a third follows both. One
of them is started with a failpoint that kills it, what the moment needs is
done, it dies, its store is looked at as it lies there, and the next start has
the next failpoint. `cimesh failpoints` says which there are: a moment that is
never reached fails the row, so none is forgotten.

Some moments have nodes of their own: `fresh` for the first start, `scout` for
follows from now on and for events that rot, `keeper` for retention and for a
member that says what it may not.
"""
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import BIN, Journal, Ledger, Mesh, Refused, Row, check, hooks_done, settle, wait  # noqa: E402
from invariants import broken, connect  # noqa: E402
from wire import EvilNode, event  # noqa: E402

WAIT_S = 12  # for a moment to come, and for a node to be ready
TOPIC = "odl/ArtifactCreated/master/"

# How often a moment comes is left to chance up to this many times, so that
# crashes hit the middle of things; the others are rare, and hit at once.
OFTEN = {"request-read": 30, "request-parsed": 30, "batch-signed": 30, "own-committed": 30,
         "pub-sent": 30, "answer-given": 30, "reply-made": 30, "reply-sent": 30,
         "store-begin": 60, "store-event": 60, "store-position": 60, "store-own": 30,
         "store-batch": 40, "store-head": 40, "store-cursor": 40, "store-commit": 60,
         "store-committed": 60, "live-received": 30, "live-given": 30, "page-asked": 3,
         "page-received": 3, "page-given": 3, "page-stored": 20, "store-run": 4,
         "store-run-end": 4, "store-hook": 4, "hook-launch": 4, "hook-forked": 4,
         "hook-reaped": 4, "hook-saved": 4, "store-purge": 40, "heads-sent": 2}


# What is hooked elsewhere is decided about here: each decision is an event of
# its own, and the same event when it is made again.
RULE = """promote
    take
        subject = "ArtifactCreated"
        topic = "{us}/ArtifactCreated/hooked/"
        require
            built = "{us}:AUTORELEASE=SUCCESS"
"""


class Unreached(Exception):
    """The moment did not come in time."""


class Field:
    """The mesh of a round."""

    def __init__(self, row, mesh):
        self.row, self.mesh = row, mesh
        self.odl, self.opnfv, self.onap = (mesh.node(n + "/ci-1") for n in ("odl", "opnfv", "onap"))
        self.main = (self.odl, self.opnfv, self.onap)
        self.odl.follow("opnfv/")
        self.opnfv.follow("odl/")
        self.onap.follow("odl/", "opnfv/")
        self.journals = [Journal(row, n, topic=f"{o.community}/ArtifactCreated/hooked/")
                         for n, o in ((self.odl, self.opnfv), (self.opnfv, self.odl))]
        for j in self.journals:
            j.node.extra = RULE.format(us=j.node.community)
            Journal.install(j)
        mesh.befriend()
        self.scout = mesh.node("scout/ci-1", dialed=False).follow("odl/")
        self.scout.trust(self.odl, self.opnfv)
        self.fresh, self.evil = mesh.node("fresh/ci-1", dialed=False), mesh.node("evil/ci-1")
        self.keeper = mesh.node("keeper/ci-1", dialed=False).follow("odl/", "evil/").trust(self.odl, self.evil)
        self.keeper.extra = "store\n    keep-size = \"20K\"\n"
        self.keeper.configure()
        self.keeper.clock.mono(0)
        for n in self.odl, self.opnfv:
            n.trust(self.scout, self.keeper)
        self.extra = mesh.node("extra/ci-1", dialed=False).roster
        self.liar = EvilNode(self.evil)
        self.ledgers, self.follows = [], 0

    def __enter__(self):
        self.mesh.start(*self.main)
        for n in self.odl, self.opnfv:
            for rate, branch in (50, "master"), (10, "hooked"):
                self.ledgers.append(Ledger(self.row, n, rate=rate, branch=branch).start())
        return self

    def __exit__(self, kind, value, trace):
        self.liar.close()
        for ledger in self.ledgers:
            ledger.process.kill()
            ledger.process.wait()

    # ---- one crash ----

    def crash(self, name, victim, at, before=None, after=None):
        """Starts victim so that it dies at the at-th pass of this moment."""
        if victim.process:
            victim.kill()
        for n in self.main:
            if n is not victim and n.process is None:
                n.start(wait_ready=False)
        if before:
            before(victim)
        said = os.path.getsize(victim.log) if os.path.exists(victim.log) else 0
        victim.env["CIMESH_FAILPOINT"] = f"{name}=crash@{at}"
        victim.start(wait_ready=False)
        del victim.env["CIMESH_FAILPOINT"]
        end = time.monotonic() + WAIT_S
        if after:
            self.provoke(victim, after, end)
        while victim.process.poll() is None:
            if time.monotonic() > end:
                raise Unreached(name)
            time.sleep(0.01)
        code, victim.process = victim.process.returncode, None
        with open(victim.log, "rb") as log:
            log.seek(said)
            text = log.read()
        if code != -signal.SIGKILL or f"FAILPOINT name={name} ".encode() not in text:
            self.row.violation("P9", f"{victim.name} ended with {code} before {name}:\n"
                               + text.decode(errors="replace")[-3000:])
        for sentence in broken(victim):
            self.row.violation("P1", f"killed at {name}@{at}: {sentence}")
        if os.environ.get("CIMESH_RIG_TALK"):
            self.row.say(f"{victim.name} died at {name}@{at}")

    @staticmethod
    def provoke(victim, after, end):
        """Does it again until the victim is dead: it may not be ready yet."""
        while victim.process.poll() is None and time.monotonic() < end:
            try:
                after(victim)
            except (OSError, Refused, ValueError, AssertionError, KeyError):
                pass
            time.sleep(0.02)

    # ---- what brings a moment about ----

    def up(self, victim):
        return victim.get("/readyz")[0] == 200

    def ask_to_end(self, victim):
        if self.up(victim):
            victim.signal(signal.SIGTERM)

    def change_roster(self, victim):
        """A file more or less, each time."""
        mine = os.path.join(victim.dir, "roster", "extra.zpl")
        if os.path.exists(mine):
            os.unlink(mine)
        else:
            shutil.copy(self.extra, mine)

    def reload(self, victim):
        if self.up(victim):
            self.change_roster(victim)
            victim.signal(signal.SIGHUP)

    def publish_much(self, victim):
        """More than a checkpoint waits for."""
        big = "x" * 12000
        victim.publish(*[{"eventType": "ArtifactCreated", "buildUrl": "https://ci.example.org/1",
                          "artifactUrl": "https://nexus.example.org/1.zip", "projectBranch": "much",
                          "confidenceLevel": {"A": "SUCCESS"}, "ext": {"text": big}}
                         for _ in range(100)])

    def bounce_reader(self, victim):
        """Somebody missed events and asks for them."""
        other = self.onap
        if self.up(victim):
            other.kill()
            time.sleep(0.1)
            other.start(wait_ready=False)
            time.sleep(1)

    def follow_more(self, victim):
        """From now on, of a log that is not followed otherwise."""
        if self.up(victim):
            self.follows += 1
            victim.cli("follow", f"opnfv/ArtifactCreated/b{self.follows}/", "--since", "now", code=None)
            time.sleep(0.3)

    def forget_data(self, victim):
        data = os.path.join(victim.dir, "data")
        for name in os.listdir(data):
            os.unlink(os.path.join(data, name))

    def rot(self, victim):
        """An event changes at rest; found() then tells the node."""
        path = os.path.join(victim.dir, "data", "cimesh.db")
        if not os.path.exists(path) or not count(victim, "event"):
            victim.start()
            wait("something that can rot", lambda: victim.status()["stored"])
            victim.kill()
        db = sqlite3.connect(path, timeout=20)
        arrival, log, seq, data = db.execute(
            "SELECT arrival, log, seq, bytes FROM event ORDER BY random() LIMIT 1").fetchone()
        node, epoch = db.execute("SELECT node, epoch FROM log JOIN feed ON feed.id = feed WHERE log.id = ?",
                                 (log,)).fetchone()
        data = data[:-1] + bytes([data[-1] ^ 1])
        db.execute("UPDATE event SET bytes = ? WHERE arrival = ?", (data, arrival))
        db.commit()
        db.close()
        self.rotten = f"/v1/aside?node={node}&epoch={epoch}&seq={seq}"

    def found(self, victim):
        victim.http("POST", self.rotten, "")

    def late(self, victim):
        """A minute passes: what is past retention goes."""
        victim.clock.mono(victim.clock.mono_ms + 61_000)
        time.sleep(0.05)

    def lie(self, victim):
        """Proven, and in another community's name; and mere noise."""
        bad = self.liar.author.slice([event("onap/ArtifactCreated/master/")])
        self.liar.send("onap/ArtifactCreated/master/", bad)
        self.liar.send("evil/ArtifactCreated/master/", b"\xc1")
        bad = self.liar.author.slice([event("evil/ArtifactCreated/master/", artifactUrl=None)])
        self.liar.send("evil/ArtifactCreated/master/", bad)
        self.liar.beacon()
        victim.clock.mono(victim.clock.mono_ms + 1000)  # counters are kept now and then
        time.sleep(0.05)

    # ---- commands, which have moments of their own ----

    def command(self, name, victim, args, at=1):
        """The command dies there; it can be given again."""
        run = subprocess.run([BIN, "--dir", victim.dir, *args], capture_output=True, text=True, timeout=60,
                             env=dict(os.environ, CIMESH_FAILPOINT=f"{name}=crash@{at}"))
        if run.returncode == 0:
            raise Unreached(name)
        if run.returncode != -signal.SIGKILL:
            self.row.violation("P9", f"cimesh {args} ended with {run.returncode}: {run.stderr}")

    def running(self, victim):
        if victim.process is None:
            victim.start()

    def crash_file(self, name, victim, at):
        self.running(victim)
        topic = "onap/Never/"
        self.command(name, victim, ["follow", topic])
        victim.cli("follow", topic)
        victim.cli("unfollow", topic)

    def crash_backup(self, name, victim, at):
        self.running(victim)
        copy = os.path.join(self.mesh.dir, "copy.db")
        self.command(name, victim, ["backup", copy])
        if os.path.exists(copy) != (name == "backup-named"):
            self.row.violation("P9", f"killed at {name}: a backup is there, or is not: {copy}")
        if os.path.exists(copy):
            self.check_backup(name, copy)
            os.unlink(copy)
        victim.cli("backup", copy)
        self.check_backup(name, copy)
        os.unlink(copy)
        left = [f for f in os.listdir(self.mesh.dir) if f.startswith("copy.db.tmp-")]
        if left:
            self.row.violation("P9", f"killed at {name}: {left} is left beside a backup")

    def check_backup(self, name, copy):
        db = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
        said = db.execute("PRAGMA integrity_check").fetchone()[0]
        db.close()
        if said != "ok":
            self.row.violation("P1", f"killed at {name}: the backup is {said}")

    # ---- all moments ----

    def special(self, name):
        """(victim or None, before, after) of a moment that load does not bring."""
        return {
            "migration-step": (self.fresh, self.forget_data, None),
            "migration-done": (self.fresh, self.forget_data, None),
            "stop-asked": (None, None, self.ask_to_end),
            "stop-drained": (None, None, self.ask_to_end),
            "stop-store": (None, None, self.ask_to_end),
            "store-roster": (None, self.change_roster, None),
            "roster-swapped": (None, None, self.reload),
            "reload-done": (None, None, self.reload),
            "store-checkpoint": (None, None, self.publish_much),
            "store-checkpointed": (None, None, self.publish_much),
            "page-sent": (None, None, self.bounce_reader),
            "store-start": (self.scout, None, self.follow_more),
            "store-aside": (self.scout, self.rot, self.found),
            "store-gap": (self.scout, self.rot, self.found),
            "store-purge": (self.keeper, None, self.late),
            "store-refused": (self.keeper, None, self.lie),
            "store-counter": (self.keeper, None, self.lie),
        }.get(name, (None, None, None))

    def kill_at(self, name, random_):
        victim, before, after = self.special(name)
        victim = victim or random_.choice((self.odl, self.opnfv))
        at = random_.randint(1, OFTEN.get(name, 1))
        if name.startswith(("file-", "backup-")):
            (self.crash_file if name.startswith("file-") else self.crash_backup)(name, victim, at)
            return
        try:
            self.crash(name, victim, at, before, after)
        except Unreached:
            self.crash(name, victim, 1, before, after)

    # ---- the end of a round ----

    def verdict(self):
        """All come back, all is there, everywhere, once."""
        begin = time.monotonic()
        for n in (*self.main, self.scout):
            if n.process is None:
                n.start(wait_ready=False)
        for n in self.main:
            n.wait_up()
        ready = time.monotonic() - begin
        self.scout.wait_up()
        self.scout.cli("fsck", code=None)  # what rotted last was told to nobody
        for ledger in self.ledgers:
            ledger.stop()
        nodes = (*self.main, self.scout)
        settled = settle(self.row, self.mesh, 60, nodes)
        hooks_done(self.row, self.odl, self.opnfv)
        for n in self.odl, self.opnfv:
            self.decided(n)
        counts = check(self.row, self.mesh, self.ledgers, self.journals, nodes)
        for n in (*self.main, self.scout, self.keeper, self.fresh):
            if n.process:
                code = n.stop()
                if code != 0:
                    self.row.violation("P9", f"{n.name} ended with {code}")
            for sentence in broken(n, whole=True):
                self.row.violation("P1", sentence)
        return ready, settled, counts

    def decided(self, node):
        """One decision for each event the rule is about."""
        def counts():
            db = connect(node)
            try:
                return [db.execute(
                    "SELECT count(*) FROM event JOIN topic t ON t.id = event.topic WHERE t.name LIKE ?",
                    (f"{node.community}/{topic}%",)).fetchone()[0]
                    for topic in ("ArtifactCreated/hooked/", "ConfidenceLevelModified/")]
            finally:
                db.close()
        try:
            wait("all is decided", lambda: len(set(counts())) == 1, 30)
        except AssertionError:
            self.row.violation("P5", f"{node.name}: events and decisions about them: {counts()}")


def count(node, table):
    db = connect(node)
    try:
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # killed before it had tables
    finally:
        db.close()


def moments():
    text = subprocess.run([BIN, "failpoints"], capture_output=True, text=True, check=True).stdout
    return [line.split("\t")[0] for line in text.splitlines()]


def main():
    names = moments()
    with Row("A1", "kill -9 at every failpoint", unit="kills", short=len(names), long=28 * len(names)) as row:
        reached, acknowledged, ready_s, settled_s = dict.fromkeys(names, 0), 0, [], []
        while row.reached < row.target:
            with Mesh() as mesh, Field(row, mesh) as field:
                # Over and over in another order, in one and the same store.
                for name in one_round(row.random, names, row.target - row.reached):
                    try:
                        field.kill_at(name, row.random)
                        reached[name] += 1
                        row.reached += 1
                    except Unreached:
                        row.violation("rig", f"the moment {name} did not come")
                        row.reached += 1
                ready, settled, counts = field.verdict()
            acknowledged += counts["acknowledged"]
            ready_s.append(ready)
            settled_s.append(settled or 999)
            row.say(f"{row.reached} kills, {counts['acknowledged']} acknowledged in this round, "
                    f"settled after {settled} s")
        row.figure("failpoints", len(names))
        row.figure("least kills of one", min(reached.values()))
        row.figure("acknowledged", acknowledged)
        row.figure("all settled s, worst", max(settled_s))
        row.figure("all ready again s, worst", round(max(ready_s), 2))
        row.note = f"{len(names)} moments x {row.target // len(names)} instead of 16 x 100"


def one_round(random_: random.Random, names, most):
    order = list(names) * 2 if most > len(names) else list(names)
    random_.shuffle(order)
    return order[:most]


if __name__ == "__main__":
    main()
