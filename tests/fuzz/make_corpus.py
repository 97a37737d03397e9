#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""make_corpus.py - writes the small inputs that fuzzing starts from.

    tests/fuzz/make_corpus.py        writes tests/fuzz/corpus/TARGET/NAME

Valid ones of every kind, and for each the nearest ways to be wrong. What
fuzzing finds is added beside them by hand, named after what it broke, and is
never touched by this script. Needs python3-msgpack.
"""
import base64
import hashlib
import json
import pathlib

import msgpack

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
ID = "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"


def put(target, name, data):
    if isinstance(data, str):
        data = data.encode()
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def blake(data, size=32):
    return hashlib.blake2b(data, digest_size=size).digest()


def artifact(**more):
    return {
        "v": 1,
        "eventId": ID,
        "eventType": "ArtifactCreated",
        "eventTime": 1795350896789,
        "topic": "odl/ArtifactCreated/stable%2Fx/",
        "buildUrl": "https://ci/1",
        "artifactUrl": "https://nexus/a.zip",
        "projectBranch": "stable/x",
        "confidenceLevel": {"AUTORELEASE": "SUCCESS", "B": "QUEUED"},
        **more,
    }


def baseline(**more):
    return {
        "v": 1,
        "eventId": ID,
        "eventType": "BaselineDefined",
        "eventTime": 0,
        "topic": "odl/BaselineDefined/daily/",
        "buildUrl": "https://ci/2",
        "baselineName": "daily",
        "baselineUrl": "https://b",
        "consistsOf": ["odl-1.2", ID],
        **more,
    }


def own(**more):
    return {
        "v": 1,
        "eventId": ID,
        "eventType": "Weather",
        "eventTime": 9007199254740991,
        "topic": "odl/Weather/oslo/%C3%A9/",
        "buildUrl": "https://ci/3",
        "links": [{"rel": "cause", "of": "onap", "id": ID}],
        "ext": {"a": [1, -1, True, {"b": "\x1b\u202e"}], "c": 2**63 - 1},
        **more,
    }


def events():
    put("event", "artifact", pack(artifact()))
    put("event", "baseline", pack(baseline()))
    put("event", "own", pack(own()))
    put("event", "digest", pack(artifact(artifactDigest="sha256:" + "0a" * 32)))
    put("event", "stamp", pack({
        **baseline(), "eventType": "ConfidenceLevelModified",
        "topic": "odl/ConfidenceLevelModified/daily/",
        "confidenceLevel": {"A.b-c_1": "WAIVED"}}))
    put("event", "blank-member", pack(baseline(consistsOf=[" a", "b "])))
    put("event", "later", pack({
        "new": [None, b"\x00\xff"], **own(v=2, eventTime="soon", seq=1)}))
    put("event", "unknown-field", pack(own(colour="red")))
    put("event", "bad-topic", pack(artifact(topic="odl/ArtifactCreated/x/")))
    put("event", "bad-level", pack(artifact(confidenceLevel={"A": "GOOD"})))
    put("event", "bad-link", pack(own(links=[{"rel": "cause"}])))
    put("event", "nil-ext", pack(own(ext={"a": None})))
    put("event", "deep", pack(own(ext={"a": [[[[[[1]]]]]]})))
    put("event", "cut", pack(artifact())[:-3])


def wire():
    put("wire", "artifact", pack(artifact()))
    put("wire", "own", pack(own()))
    put("wire", "all-kinds", pack(
        [None, True, False, 0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1,
         2**32, 2**63 - 1, -1, -32, -33, -128, -129, -32768, -32769, -2**31,
         -2**31 - 1, -2**63, "", "a" * 32, "b" * 256, b"", b"c" * 256, [], {},
         {"k": {"l": []}}, list(range(20))]))
    put("wire", "long-int", b"\xcd\x00\x01")
    put("wire", "float", pack(1.5))
    put("wire", "ext", b"\xd4\x01\x00")
    put("wire", "promise", b"\xdd\xff\xff\xff\xff")
    put("wire", "map-promise", b"\xdf\x7f\xff\xff\xff\xa1a")
    put("wire", "nested-promise", b"\x91" * 7 + b"\xdd\xff\xff\xff\xff")
    put("wire", "same-key", b"\x82\xa1a\x01\xa1a\x02")
    put("wire", "number-key", b"\x81\x01\x02")
    put("wire", "bad-utf8", b"\xa2\xc3\x28")
    put("wire", "nul", b"\xa1\x00")
    put("wire", "trailing", b"\xc0\xc0")
    put("wire", "too-big-uint", b"\xcf" + b"\xff" * 8)


SEED = {
    "EVENT_ID": ID, "EVENT_TIME": "12:34:56UTC", "BUILD_URL": "https://ci/1",
    "ARTIFACT_URL": "https://a", "PROJECT_BRANCH": "master",
    "AUTORELEASE": "SUCCESS",
}
PROTOTYPE = {
    "type": "ArtifactPublishedEvent", "id": "7", "time": "12:34:56UTC",
    "origin": "ODL", "buildUrl": "https://ci/1", "branch": "master",
    "scenario": "k8", "artifactLocation": "https://a",
    "confidenceLevel": {"odlAutoRelease": "SUCCESS"},
}


def json_forms():
    def put_json(name, value):
        put("json", name, json.dumps(value, ensure_ascii=False))

    put_json("artifact", artifact(eventTime="2026-11-22T12:34:56.789+01:00"))
    put_json("baseline", baseline(eventTime=5))
    put_json("own", own())
    put_json("least", {"eventType": "Weather", "buildUrl": "a:b"})
    put_json("place", {**own(), "node": "odl/a", "epoch": 1, "seq": 2,
                       "receivedAt": "x", "arrival": 3})
    put_json("other-community", own(topic="onap/Weather/-/"))
    put_json("misspelt", own(colour=1))
    put_json("fraction", own(ext={"a": 1.5}))
    put_json("null", own(ext={"a": None}))
    put_json("seed", SEED)
    put_json("seed-baseline", {
        "BASELINE_NAME": "b", "BASELINE_URL": "a:b", "BUILD_URL": "a:b",
        "CONSIST_OF": "a, b", "EVENT_TIME": "2018-04-01_12:34:56UTC"})
    put_json("seed-stamp", {**SEED, "BASELINE_NAME": "b",
                            "BASELINE_URL": "a:b"})
    put_json("seed-own", {**SEED, "EVENT_TYPE": "Weather",
                          "TOPIC": "odl/Weather/x", "EXT": {"a": 1},
                          "LINKS": []})
    put_json("seed-unknown", {**SEED, "DEPLOY": "yes"})
    put_json("prototype", PROTOTYPE)
    put_json("prototype-composition", {
        **PROTOTYPE, "type": "CompositionDefinedEvent",
        "compositionName": "n", "compositionMetadataUrl": "a:b"})
    put_json("prototype-stamp", {
        **PROTOTYPE, "type": "ConfidenceLevelModifiedEvent"})
    put_json("prototype-other", {**PROTOTYPE, "origin": "OPNFV"})
    put("json", "escapes", r'{"eventType":"A","buildUrl":"a:\u00e9",'
        r'"ext":{"\u202e":"\ud83d\ude00\n"}}')
    put("json", "same-key", '{"eventType":"A","eventType":"A"}')
    put("json", "list", "[{}]")
    put("json", "deep", "[" * 600)


def topics():
    for i, text in enumerate([
            "odl/ArtifactCreated/master/", "odl/X/stable%2Fcarbon/", "*",
            "odl/Art*", "odl", "odl/X/%C3%A9/", "odl/X/%F0%90%8", "odl/X/%41/",
            "odl/../", "odl//", "ODL/X/", "odl/X/a b/", "odl/ci-1", "..",
            "stable/carbon \u00e9\U0001f600%", "!head/odl/ci-1/",
            "odl/X/" + "a" * 193 + "/", "odl/X/" + "a" * 194 + "/"]):
        put("topic", f"{i:02}", text)
    put("topic", "not-utf8", b"odl/X/\xff/")


def root(hashes):
    """Merkle tree hash of RFC 9162 over hash values, with our inner node."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return blake(b"\x01" + root(hashes[:k]) + root(hashes[k:]))


KEY_ID = blake(b"cimesh key v1\0" + b"\x01" * 32)[:8]


def header(count, tree, first=1):
    return pack([1, "odl/ci-1", KEY_ID, 1795350000000, first, count, tree,
                 bytes(32), 1795350896789])


def slices():
    batch = [pack(own(eventTime=i)) for i in range(5)]
    leaves = [blake(b"\x00" + e) for e in batch]
    sig = bytes(64)
    whole = header(5, root(leaves))
    left = root(leaves[:2])
    put("slice", "all", pack([whole, sig, [[0, 5]], batch, b""]))
    put("slice", "middle", pack(
        [whole, sig, [[2, 2]], batch[2:4], left + leaves[4]]))
    put("slice", "two-runs", pack(
        [whole, sig, [[0, 1], [4, 1]], [batch[0], batch[4]],
         leaves[1] + root(leaves[2:4])]))
    put("slice", "single", pack(
        [header(1, leaves[0]), sig, [[0, 1]], batch[:1], b""]))
    put("slice", "bad-left-over", pack(
        [whole, sig, [[0, 5]], batch, bytes(32)]))
    put("slice", "bad-runs", pack(
        [whole, sig, [[0, 1], [1, 4]], batch, b""]))
    put("slice", "bad-beyond", pack([whole, sig, [[3, 3]], batch[:3], b""]))
    put("slice", "bad-count", pack([whole, sig, [[0, 4]], batch, leaves[4]]))
    put("slice", "bad-nodes", pack([whole, sig, [[0, 4]], batch[:4], b"x"]))
    put("slice", "bad-sig", pack([whole, b"x", [[0, 5]], batch, b""]))
    put("slice", "bad-event", pack([whole, sig, [[0, 1]], [b""], b""]))
    put("slice", "cut", pack([whole, sig, [[0, 5]], batch, b""])[:-1])
    return whole, sig, pack([whole, sig, [[0, 5]], batch, b""])


def sync(whole, sig, page):
    ask, answer = b"\x00", b"\x01"
    none = blake(b"", 16)
    put("sync", "heads-ask", ask + pack(
        [1, "heads", 7, ["odl/ci-1", "onap/a"], b"", ["", 0]]))
    put("sync", "heads-ask-again", ask + pack(
        [1, "heads", 8, ["odl/ci-1"], none, ["odl/ci-1", 5]]))
    put("sync", "fetch-ask", ask + pack(
        [1, "fetch", 9, "odl/ci-1", 1795350000000, 0, 16384,
         ["odl/ArtifactCreated/", ""], 0, none]))
    put("sync", "fetch-ask-far", ask + pack(
        [1, "fetch", 9, "odl/ci-1", 1, 0, 16385, [""], 0, none]))
    name = bytes.fromhex("019aab2c5f3e7c619f0e2b1f5a6d7c88")
    put("sync", "find-ask", ask + pack([1, "find", 9, "odl", name]))
    put("sync", "find", answer + pack([1, "find", 9, [page, page]]))
    put("sync", "find-empty", answer + pack([1, "find", 9, []]))
    put("sync", "heads", answer + pack(
        [1, "heads", 7, none, True, [[whole, sig, 5]]]))
    put("sync", "heads-same", answer + pack([1, "heads", 7, none, False, []]))
    put("sync", "fetch", answer + pack(
        [1, "fetch", 9, 5, 5, [[1, 2], [4, 1]], [page]]))
    put("sync", "fetch-empty", answer + pack([1, "fetch", 9, 0, 0, [], []]))
    put("sync", "refused", answer + pack([1, "refused", 9, "quota"]))
    put("sync", "refused-unknown", answer + pack([1, "refused", 9, "Why?"]))
    put("sync", "version", ask + pack([2, "heads", 7]))
    put("sync", "kind", ask + pack([1, "tails", 7]))
    put("sync", "cut", answer + pack(
        [1, "fetch", 9, 5, 5, [[1, 2]], [page]])[:-5])


def identities():
    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    good = ("cimesh node key 1: keep this file secret\n"
            f"sign = {text(bytes(range(32)))}\n"
            f"curve = {text(bytes(range(32, 64)))}\n")
    put("identity", "good", good)
    put("identity", "cut", good[:-1])
    put("identity", "trailing", good + "\n")
    put("identity", "zero", good.replace(text(bytes(range(32))),
                                         text(bytes(32))))
    put("identity", "swapped", "\n".join(
        [good.splitlines()[i] for i in (0, 2, 1)]) + "\n")
    put("identity", "padded", good.replace("sign = A", "sign = ="))
    put("identity", "other-version", good.replace("key 1", "key 2"))


def key(letter):
    return letter * 42 + "A"


ROSTER = f"""# odl
roster = 1
community
    name = "odl"
    serial = "3"
    contact = 'The "CI" people'
nodes
    ci-1
        events = "tcp://ci.example.org:7570"
        sync = "tcp://[2001:db8::1]:7571"
        sign = "{key("s")}"
        curve = "{key("c")}" # for links
        sign-next = "{key("n")}"
        retired
            first
                sign = "{key("r")}"
                upto = "1795350896789/12"
    desk
        sign = "{key("x")}"
        curve = "{key("y")}"
end = 1
"""

SETTINGS = """cimesh = 1
node
    name = "opnfv/ci-1"
    events = "tcp://*:7570"
    sync = "tcp://127.0.0.1:7571"
    readers = "any"
follow
    odl
        topic = "odl/ArtifactCreated/master/"
        topic = "odl/C*"
        since = "now"
hooks
    define-baseline
        topic = "odl/"
        exec = '/usr/local/bin/x "a b" -v'
        backfill = yes
        parallel = 4
        timeout = 10m
store
    keep-days = 30
    keep-size = "10G"
paths
    api = "/run/cimesh/api.sock"
end = 1
"""


def files():
    put("roster", "good", ROSTER)
    put("roster", "same-key", ROSTER.replace(key("c"), key("s")))
    put("roster", "zero-key", ROSTER.replace(key("s"), key("A")))
    put("roster", "wildcard", ROSTER.replace("ci.example.org", "*"))
    put("roster", "no-sync", ROSTER.replace("        sync", "        # sync"))
    put("roster", "cut", ROSTER[:-8])
    put("settings", "good", SETTINGS)
    put("settings", "least", '\n'.join(SETTINGS.splitlines()[:3]) +
        "\nend = 1\n")
    put("settings", "open-quote", SETTINGS.replace(' -v', ' "-v'))
    put("settings", "unknown", SETTINGS.replace("since", "sinse"))
    for name, text in (
            ("roster", ROSTER), ("settings", SETTINGS),
            ("comments", "# a\n        # b\n\n  \na = 1 # c\nend=1"),
            ("deep", "".join("    " * i + "a\n" for i in range(9)) +
             "end = 1\n"),
            ("repeated", "a = 1\na = 2\nend = 1\n"),
            ("twice-ended", "end = 1\nend = 1\n"),
            ("tab", "a\n\tb = 1\nend = 1\n"),
            ("quotes", "a = 'b\"c' # d\nb = \"x#y\"\nend = 1\n"),
            ("bare", "a = b c\nend = 1\n")):
        put("zpl", name, text)


def json_text():
    def line(template, value):
        put("json_text", f"template-{len(template)}",
            template + "\0" + json.dumps(value))

    line("%{a} %{b.c}\\n", {"a": "x", "b": {"c": [1, "y"]}})
    line("100%% %{confidenceLevel.A.B}",
         {"confidenceLevel": {"A.B": "SUCCESS"}, "a": "\x1b[1m\u202e"})
    line("%{a", {})
    put("json_text", "proof", '{"topic": "odl/X/-/", "slice": "AP8Q"}')
    put("json_text", "proof-padded", '{"topic": "odl/X/-/", "slice": "AA=="}')


def bodies():
    one = ('{"eventType":"Weather","buildUrl":"https://ci/1",'
           f'"eventId":"{ID}"}}')
    seed = ('{"BUILD_URL":"https://ci/1","ARTIFACT_URL":"https://n/1",'
            '"PROJECT_BRANCH":"master","AUTORELEASE":"SUCCESS"}')
    put("http_body", "one", one)
    put("http_body", "lines", f"{one}\n\n{seed}\r\n{one}")
    put("http_body", "spread", one.replace(",", ",\n") + "\n")
    put("http_body", "spread-two", (one.replace(",", ",\n") + "\n") * 2)
    put("http_body", "bad-line", f"{one}\n{{\"eventType\":\n{one}\n")
    put("http_body", "bad-rule", one + '\n{"eventType":"Weather"}\n')
    put("http_body", "braces-in-text", one.replace("Weather", "{[\\\"") + "\n")
    put("http_body", "blank", " \n\t\r\n")
    put("http_body", "list", f"[{one}]")


def main():
    files()
    json_text()
    events()
    wire()
    json_forms()
    topics()
    sync(*slices())
    identities()
    bodies()


if __name__ == "__main__":
    main()
