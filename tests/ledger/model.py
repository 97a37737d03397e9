# SPDX-License-Identifier: MPL-2.0
"""The ledger against a naive one: five communities, two nodes each, say random
things, which reach three stores in random orders, with gaps and catch-up; some
of it rots, is purged, or the ledger is built anew meanwhile. What each store
says has to be what the naive ledger of its events says, and in the end, when
all have all, the same.

    model.py FEED FIRST N     seeds FIRST..FIRST+N-1, CIM_LONG=1: twenty times
                              as many; FEED: the program feed
    model.py FEED SEED -v     one seed, its plan and what differs

A failure prints its seed and the smallest number of events that still shows it.
"""
import json
import os
import random
import subprocess
import sys

import naive
import promote_model

COMMUNITIES = ("odl", "opnfv", "onap", "fdio", "openstack")
LEVELS = ("BUILT", "TESTED", "PROMOTED")
RESULTS = tuple(naive.STATES)
LONG = "a" * 100
URLS = ("https://x/0", "https://x/1", "https://x/2", "https://x/3",
        "https://x/" + LONG, "https://y/" + LONG)
TITLES = ("daily", "weekly", "dist", "dist-1")
BRANCHES = ("master", "stable")
STORES = 3


def uuid(n):
    return "01000000-0000-7000-8000-%012x" % n


class World:
    """The events of one seed, and how they travel."""

    def __init__(self, seed, most):
        self.random = random.Random(seed)
        self.events, self.batches, self.plan = [], [], []
        self.next_seq = {}
        self.used = []  # (community, id)
        # In half of the worlds nobody claims what is another's, and stamps
        # are linked: then there is much to decide on.
        self.clear, self.subjects = self.chance(50), []
        n = min(most, self.random.randint(5, 60))
        while len(self.events) < n:
            self.make_batch(min(self.random.randint(1, 4),
                                n - len(self.events)))

    # ---- events

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def an_id(self, community):
        if self.used and self.chance(8):
            return self.pick(self.used)[1]
        return uuid(self.random.randint(1, 90))

    def a_link(self, rel):
        if self.used and self.chance(80):
            of, id = self.pick(self.used)
        else:
            of, id = self.pick(COMMUNITIES), uuid(self.random.randint(1, 99))
        return {"rel": rel, "of": of, "id": id}

    def levels(self):
        names = self.random.sample(LEVELS, self.random.randint(1, 2))
        results = RESULTS + self.clear * ("SUCCESS",) * 9 + \
            self.clear * ("FAILURE",) * 5
        return {name: self.pick(results) for name in names}

    def a_member(self):
        of, id = self.pick(self.used) if self.used else ("odl", uuid(1))
        return self.pick((id, of + ":" + id, self.pick(URLS),
                          self.pick(TITLES), "unknown"))

    def a_decision(self):
        """As another node of the community may have made it, or a hand."""
        rule = self.pick(promote_model.RULES)
        subject = self.a_link("subject")
        if self.clear and self.subjects:
            of, id = self.pick(self.subjects[-4:])
            subject.update(of=of, id=id)
        return {"eventId": self.an_id(promote_model.DECIDER),
                "buildUrl": "https://ci/",
                "eventType": "ConfidenceLevelModified",
                "artifactUrl": self.pick(URLS),
                "confidenceLevel": {rule["level"]: self.pick(
                    ("SUCCESS", "FAILURE", "SUCCESS", "FAILURE", "WAIVED"))},
                "links": [subject] +
                         [self.a_link("cause")] * self.chance(50),
                "ext": {"rule": rule["name"]}}

    def an_event(self, community):
        if community == promote_model.DECIDER and self.chance(60):
            return self.a_decision()
        event = {"eventId": self.an_id(community), "buildUrl": "https://ci/"}
        kind = self.random.randint(0, 9)
        if kind < 3:
            event.update(eventType="ArtifactCreated",
                         artifactUrl=self.pick(URLS),
                         projectBranch=self.pick(BRANCHES),
                         confidenceLevel=self.levels())
            if self.chance(60):
                event["artifactName"] = self.pick(TITLES)
        elif kind < 5:
            event.update(eventType="BaselineDefined",
                         baselineUrl=self.pick(URLS),
                         baselineName=self.pick(TITLES),
                         consistsOf=[self.a_member() for _ in
                                     range(self.random.randint(0, 3))])
            if self.chance(30):
                event["links"] = [self.a_link("element")]
        elif kind < 9:
            event.update(eventType="ConfidenceLevelModified",
                         confidenceLevel=self.levels())
            if self.chance(50):
                event["artifactUrl"] = self.pick(URLS + ("https://y",))
                if self.chance(50):
                    event["artifactName"] = self.pick(TITLES)
            else:
                event["baselineUrl"] = self.pick(URLS + ("https://y",))
                event["baselineName"] = self.pick(TITLES)
            if self.chance(30):
                event["links"] = [self.a_link("subject") for _ in
                                  range(self.random.randint(1, 2))]
        else:
            event.update(eventType="Weather")
        if self.clear:
            self.make_clear(community, event)
        if self.chance(10):
            event.setdefault("links", []).append(self.a_link("cause"))
        return event

    def make_clear(self, community, event):
        if event["eventType"] == "ConfidenceLevelModified":
            if self.subjects:
                of, id = self.pick(self.subjects[-4:])
                event["links"] = [{"rel": "subject", "of": of, "id": id}]
            return
        event["eventId"] = uuid(200 + len(self.subjects))
        if "artifactUrl" in event:
            event["artifactUrl"] = "https://x/" + event["eventId"]
            event["artifactName"] = "d" + event["eventId"]
        elif "baselineUrl" in event:
            event["baselineUrl"] = "https://x/" + event["eventId"]
            event["baselineName"] = "d" + event["eventId"]
            event["consistsOf"] = [of + ":" + id for of, id in
                                   self.subjects[-2:]]
        else:
            return
        self.subjects.append((community, event["eventId"]))

    @staticmethod
    def topic(community, event):
        if event["eventType"] == "ArtifactCreated":
            subject = event["projectBranch"]
        else:
            subject = event.get("baselineName", event.get("artifactName", "-"))
        return "%s/%s/%s/" % (community, event["eventType"], subject)

    def make_batch(self, n):
        community = self.pick(COMMUNITIES)
        node = "%s/ci-%d" % (community, self.random.randint(1, 2))
        epoch = self.random.randint(1, 2)
        time = self.random.randint(1, 25) * 1000
        self.plan.append("batch %s %d %d %d" % (node, epoch, time, n))
        batch = []
        for _ in range(n):
            text = self.an_event(community)
            seq = self.next_seq.get((node, epoch), 0) + 1
            self.next_seq[node, epoch] = seq
            self.used.append((community, text["eventId"]))
            batch.append(len(self.events))
            self.events.append({"community": community, "node": node,
                                "epoch": epoch, "time": time, "seq": seq,
                                "json": text,
                                "topic": self.topic(community, text)})
            self.plan.append(json.dumps(text))
        self.batches.append(batch)


class Store:
    """What one store holds while it is played with."""

    def __init__(self):
        self.held = {}  # index of the event: number of the job it came with
        self.gone = set()  # purged: never stored again
        self.behind = False


class Play:
    """Deliveries, questions, and what the answers have to be."""

    def __init__(self, world):
        self.world, self.random = world, world.random
        self.stores = [Store() for _ in range(STORES)]
        self.plan, self.wanted, self.jobs = list(world.plan), [], 0
        zpl = promote_model.zpl()
        self.plan += ["rules %d" % len(zpl)] + zpl
        self.names = sorted({naive.name_of(e) for e in world.events})
        self.touching = []  # (index of the answer, before, after)

    def ledger(self, store):
        return naive.Ledger([self.world.events[i] for i in store.held])

    def do(self, command):
        self.plan.append(command)
        self.jobs += 1

    def ask(self, command, answer):
        self.plan.append(command)
        self.wanted.append((command, answer))

    def give(self, store, number, chosen):
        batch = self.world.batches[number]
        self.do("give %d %s" % (number, " ".join(map(str, chosen))))
        for i in chosen:
            if batch[i] not in store.held and batch[i] not in store.gone:
                store.held[batch[i]] = self.jobs

    def deliver(self, store, everything):
        """In a random order; some of it later, or more than once."""
        work = [(b, [i]) for b in range(len(self.world.batches))
                for i in range(len(self.world.batches[b]))]
        whole = [(b, list(range(len(batch))))
                 for b, batch in enumerate(self.world.batches)]
        work = whole if self.random.random() < 0.5 else work
        self.random.shuffle(work)
        if not everything:
            work = work[:self.random.randint(0, len(work))]
        for number, chosen in work:
            self.one(store, number, chosen)
            if self.random.random() < 0.1:
                self.disturb(store)

    def one(self, store, number, chosen):
        new = [i for i in chosen
               if self.world.batches[number][i] not in store.held
               and self.world.batches[number][i] not in store.gone]
        if len(new) == 1 and not store.behind and self.random.random() < 0.2:
            before = self.ledger(store).standing()
            self.give(store, number, chosen)
            after = self.ledger(store).standing()
            changed = {name for name in after
                       if after[name] != before.get(name)}
            self.ask("touched", changed)
        else:
            self.give(store, number, chosen)

    def disturb(self, store):
        what = self.random.randint(0, 9)
        if what < 3 and store.held:
            index = self.random.choice(sorted(store.held))
            event = self.world.events[index]
            self.do("aside %s %d %d" % (event["node"], event["epoch"],
                                        event["seq"]))
            del store.held[index]
        elif what == 3:
            self.do("anew %d" % self.random.randint(1, 9))
            store.behind = True
        elif what < 6:
            self.do("step %d" % self.random.randint(1, 9))
        else:
            self.look(store)

    def purge(self, store):
        before = self.random.randint(1, self.jobs)
        self.do("purge %d" % before)
        for index in [i for i, job in store.held.items() if job < before]:
            del store.held[index]
            store.gone.add(index)

    def look(self, store):
        if store.behind:
            self.do("step 1000")
            store.behind = False
        ledger = self.ledger(store)
        self.ask("dump", ledger.dump(self.names))
        for _ in range(3):
            self.ask_newest(ledger)
        judged = promote_model.judge(
            ledger, [self.world.events[i] for i in store.held])
        self.ask("judge", {name: judged.get(name) for name in self.names})
        text = self.random.choice(URLS + TITLES + tuple(self.names) +
                                  (self.names[0].split(":")[1],))
        self.ask("find " + text, ledger.find(text))

    def ask_newest(self, ledger):
        community = self.random.choice(COMMUNITIES)
        prefix = self.random.choice(("", community + "/",
                                     community + "/ArtifactCreated/",
                                     community + "/ArtifactCreated/master/",
                                     community + "/BaselineDefined/d"))
        branch = self.random.choice((None, None, "master"))
        glob = self.random.choice((None, None, "d*", "dist-?", "none"))
        wants = [(self.random.choice(COMMUNITIES), self.random.choice(LEVELS),
                  self.random.choice(("success", "failure", "missing")))
                 for _ in range(self.random.randint(0, 2))]
        self.ask("newest %s %s %s %s" % (
            prefix or "-", branch or "-", glob or "-",
            " ".join("%s:%s=%s" % want for want in wants)),
            ledger.newest(prefix, branch, glob, wants))

    def play(self):
        for number, store in enumerate(self.stores):
            self.plan.append("store %d" % number)
            self.deliver(store, False)
            self.look(store)
        for number, store in enumerate(self.stores):
            self.plan.append("store %d" % number)
            self.deliver(store, True)
            for number2 in range(len(self.world.batches)):  # what was aside
                self.give(store, number2,
                          list(range(len(self.world.batches[number2]))))
            self.look(store)
        store = self.stores[-1]
        self.purge(store)
        self.look(store)


def differs(command, answer, wanted):
    if command == "judge":
        for rules in answer.values():
            for rule in (rules or {}).values():
                if isinstance(rule[2], dict):
                    said = rule[2]["ext"].pop("reasons")
                    if not said or not all(said):
                        return "a decision without a reason"
    if command == "touched":
        missing = wanted - set(answer)
        return missing and "not touched: %s" % sorted(missing)
    if answer == wanted:
        return None
    if command not in ("dump", "judge"):
        return "%r, not %r" % (answer, wanted)
    for name in wanted:
        if answer.get(name) != wanted[name]:
            return "%s is\n  %r, not\n  %r" % (name, answer.get(name),
                                               wanted[name])
    return "names differ"


def run(feed, seed, most, show=False):
    """None, or what is wrong."""
    play = Play(World(seed, most))
    play.play()
    text = "\n".join(play.plan) + "\n"
    if show:
        print(text)
    done = subprocess.run([feed], input=text, capture_output=True, text=True,
                          timeout=120)
    if done.returncode:
        return "feed exited %d: %s" % (done.returncode, done.stderr[-2000:])
    lines = done.stdout.splitlines()
    if len(lines) != len(play.wanted):
        return "%d answers, not %d" % (len(lines), len(play.wanted))
    for i, (line, (command, wanted)) in enumerate(zip(lines, play.wanted)):
        wrong = differs(command, json.loads(line), wanted)
        if wrong:
            return "answer %d, %s: %s" % (i, command, wrong)
    return None


def smallest(feed, seed, most):
    """The fewest events with which this seed still fails."""
    for fewer in range(1, most):
        wrong = run(feed, seed, fewer)
        if wrong:
            return fewer, wrong
    return most, run(feed, seed, most)


def main():
    feed, first, last = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if last == "-v":
        print(run(feed, first, 60, show=True) or "nothing differs")
        return 0
    n = int(last) * (20 if os.environ.get("CIM_LONG") else 1)
    for seed in range(first, first + n):
        wrong = run(feed, seed, 60)
        if wrong:
            events, why = smallest(feed, seed, 60)
            print("seed %d fails: %s\nwith %d events: %s"
                  % (seed, wrong, events, why))
            return 1
    print("seeds %d..%d: the same" % (first, first + n - 1))
    return 0


sys.exit(main())
