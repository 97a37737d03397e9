# SPDX-License-Identifier: MPL-2.0
"""The ledger of some events, naively: no tables, no order of arrival.

An event is a dict: community, node, epoch, seq, time, and json, what was
published. Everything is computed anew from the list of those that are held.
"""
import fnmatch
import re

KINDS = {"ArtifactCreated": 0, "BaselineDefined": 1,
         "ConfidenceLevelModified": 2}
STAMP = 2
STATES = {"SUCCESS": "success", "FAILURE": "failure", "UNSTABLE": "unstable",
          "ABORTED": "aborted", "RUNNING": "running", "QUEUED": "queued",
          "WAIVED": "waived", "NOT_BUILT": "inconclusive",
          "INCONCLUSIVE": "inconclusive"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
EXACT = re.compile(r"([a-z0-9][a-z0-9-]{0,31}):(.{36})$")
LEVELS_MAX = 64
LINKS_MAX = 16


def place(event):
    return (event["time"], event["node"], event["epoch"], event["seq"])


def name_of(event):
    return event["community"] + ":" + event["json"]["eventId"]


def kind_of(event):
    return KINDS.get(event["json"]["eventType"])


def field(event, artifact, baseline):
    return event["json"].get(artifact if kind_of(event) == 0 else baseline, "")


def url_of(event):
    return field(event, "artifactUrl", "baselineUrl")


def title_of(event):
    return field(event, "artifactName", "baselineName")


def links(event, rel):
    return [link for link in event["json"].get("links", [])
            if link["rel"] == rel]


class Ledger:
    def __init__(self, held):
        self.first = {}  # of several events with one name the first in order
        for event in sorted(held, key=place):
            if kind_of(event) is not None:
                self.first.setdefault(name_of(event), event)
        counted = self.first.values()
        self.subjects = [e for e in counted if kind_of(e) != STAMP]
        self.stamps = [e for e in counted if kind_of(e) == STAMP]

    # ---- whose a text is

    def subject(self, name):
        event = self.first.get(name)
        return event if event and kind_of(event) != STAMP else None

    @staticmethod
    def meant(found, by, how):
        """Of those that have the text: the one that `by` means."""
        if not found:
            return "absent", None
        if len({e["community"] for e in found}) > 1:
            return "claimed", None
        until = [e for e in found if place(e) <= place(by)]
        if until:
            return how, max(until, key=place)
        return how, min(found, key=place)

    def by_text(self, of, kinds, text, by, how):
        if not text:
            return "absent", None
        return self.meant([e for e in self.subjects
                           if kind_of(e) in kinds and of(e) == text], by, how)

    def linked(self, name):
        found = self.subject(name)
        return ("link", found) if found else ("absent", None)

    def aims(self, stamp):
        """(how, what is wanted, subject) of everything this stamps."""
        named = links(stamp, "subject")[:LINKS_MAX]
        if named:
            texts = [link["of"] + ":" + link["id"] for link in named]
            return [(how, text, s) for text in texts
                    for how, s in [self.linked(text)]]
        json = stamp["json"]
        kind = 1 if "baselineUrl" in json else 0
        url = json["baselineUrl" if kind else "artifactUrl"]
        title = json.get("baselineName" if kind else "artifactName")
        how, found = self.by_text(url_of, (kind,), url, stamp, "url")
        if how != "absent" or not title:
            return [(how, url, found)]
        how, found = self.by_text(title_of, (kind,), title, stamp, "name")
        return [(how, title if how == "name" else url, found)]

    def member(self, baseline, text):
        exact = EXACT.match(text)
        if UUID.match(text):
            own = self.subject(baseline["community"] + ":" + text)
            if own:
                return "link", own
            found = [e for e in self.subjects
                     if e["json"]["eventId"] == text]
            return self.meant(found, baseline, "link")
        if exact and UUID.match(exact.group(2)):
            return self.linked(text)
        how, found = self.by_text(url_of, (0, 1), text, baseline, "url")
        if how != "absent":
            return how, found
        return self.by_text(title_of, (0, 1), text, baseline, "name")

    # ---- answers

    def words(self, subject):
        """(by, level, state, how, place): by community and level, each the
        newest first."""
        words = []
        if kind_of(subject) == 0:
            words += self.levels(subject, subject, "itself")
        for stamp in self.stamps:
            for how, _, found in self.aims(stamp):
                if found is subject:
                    words += self.levels(stamp, subject, how)
                    break
        words.sort(key=lambda w: w[4], reverse=True)
        words.sort(key=lambda w: (w[0].split(":")[0], w[1]))
        return [list(w[:4]) + [list(w[4])] for w in words]

    @staticmethod
    def levels(stamp, _, how):
        pairs = list(stamp["json"]["confidenceLevel"].items())[:LEVELS_MAX]
        return [(name_of(stamp), level, STATES[result], how, place(stamp))
                for level, result in pairs]

    def said(self, subject):
        """{(community, level): (state, by)}: the words that hold."""
        said = {}
        for by, level, state, _, _ in self.words(subject):
            said.setdefault((by.split(":")[0], level), (state, by))
        return said

    def members(self, baseline):
        if kind_of(baseline) != 1:
            return []
        answer, wanted = [], set()
        for text in baseline["json"]["consistsOf"]:
            how, found = self.member(baseline, text)
            answer.append([how, text, found and name_of(found)])
            wanted.add(text)
            if UUID.match(text):
                wanted.add(baseline["community"] + ":" + text)
        for link in links(baseline, "element"):
            text = link["of"] + ":" + link["id"]
            how, found = self.linked(text)
            names = {member[2] for member in answer}
            if text in (names if found else wanted):
                continue
            answer.append([how, text, found and name_of(found)])
            if found is None:
                continue
        return answer

    def part_of(self, subject):
        answer = []
        for baseline in sorted(self.subjects, key=place, reverse=True):
            for how, _, found in self.members(baseline):
                if found == name_of(subject):
                    answer.append([how, "", name_of(baseline)])
                    break
        return answer

    def dump(self, names):
        answer = {}
        for name in names:
            event = self.first.get(name)
            if event is None:
                answer[name] = []
            elif kind_of(event) == STAMP:
                answer[name] = [[how, wanted, found and name_of(found)]
                                for how, wanted, found in self.aims(event)]
            else:
                answer[name] = {
                    "kind": kind_of(event), "at": list(place(event)),
                    "topic": event["topic"], "title": title_of(event),
                    "url": url_of(event),
                    "branch": event["json"].get("projectBranch", ""),
                    "stamps": self.words(event),
                    "members": self.members(event),
                    "part_of": self.part_of(event)}
        return answer

    def newest(self, prefix, branch, glob, wants):
        answer = []
        for s in sorted(self.subjects, key=place, reverse=True):
            if not s["topic"].startswith(prefix):
                continue
            if branch and s["json"].get("projectBranch", "") != branch:
                continue
            if glob and not fnmatch.fnmatchcase(title_of(s), glob):
                continue
            said = self.said(s)
            if all(said.get((c, level), ("missing",))[0] == state
                   for c, level, state in wants):
                answer.append(name_of(s))
        return answer

    def find(self, text):
        exact = EXACT.match(text)
        if UUID.match(text):
            found = [e for e in self.subjects if e["json"]["eventId"] == text]
        elif exact and UUID.match(exact.group(2)):
            found = [e for e in self.subjects if name_of(e) == text]
        else:
            found = [e for e in self.subjects
                     if text in (url_of(e), title_of(e))]
        return [name_of(e) for e in sorted(found, key=place, reverse=True)]

    def standing(self):
        """What promotion looks at, of each subject, nested members too."""
        own = {name_of(s): (self.said(s), self.members(s))
               for s in self.subjects}

        def nested(name, depth):
            said, members = own[name]
            return (said, [(how, wanted, found and depth
                            and nested(found, depth - 1))
                           for how, wanted, found in members])
        return {name: nested(name, 3) for name in own}
