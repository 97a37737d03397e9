#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""cimesh verify: proofs sealed by Python, judged without a node."""
import json
import unittest

import cli


class Verify(cli.Case):
    def setUp(self):
        super().setUp()
        self.odl = self.init("odl/ci-1")
        # Somebody who has odl's roster file and nothing else.
        self.desk = self.tmp / "desk"
        (self.desk / "roster").mkdir(parents=True)
        self.file = self.desk / "roster/odl.zpl"
        self.file.write_bytes((self.odl / "roster/odl.zpl").read_bytes())

    def verify(self, *proofs, **more):
        path = self.tmp / "proof.json"
        path.write_text("".join(p + "\n" for p in proofs))
        return self.run_bin("--dir", self.desk, "verify", path, **more)[0]

    def proof(self, events=None, **more):
        return cli.proof(self.odl, "odl/ci-1", events or [cli.event()], **more)

    def test_a_proof_is_ok(self):
        self.assertEqual(self.verify(self.proof()),
                         "ok odl/ci-1 1795350896789/1 "
                         f"2026-11-22T12:34:57.000Z odl:{cli.ID}\n")

    def test_every_event_of_a_batch_is_provable(self):
        events = [cli.event(projectBranch="master", ext={"n": i})
                  for i in range(13)]
        for pick in range(13):
            out = self.verify(self.proof(events, pick=pick, first=100))
            self.assertIn(f"1795350896789/{100 + pick} ", out)

    def test_standard_input_and_several_lines(self):
        text = self.proof() + "\n\n" + self.proof(first=5)
        out, _ = self.run_bin("--dir", self.desk, "verify", "-", input=text)
        self.assertEqual(len(out.splitlines()), 2)

    def test_each_line_has_its_verdict_and_the_worst_code_wins(self):
        other = self.init("onap/ci-1")
        stranger = cli.proof(other, "onap/ci-1", [cli.event("onap")])
        out = self.verify(self.proof(), "nonsense", code=65)
        self.assertRegex(out, r"^ok .*\nrefused: form: not JSON")
        out = self.verify("nonsense", stranger, self.proof(), code=77)
        self.assertEqual([line.split()[0] for line in out.splitlines()],
                         ["refused:", "refused:", "ok"])

    def test_a_stranger_is_77(self):
        other = self.init("onap/ci-1")
        out = self.verify(cli.proof(other, "onap/ci-1", [cli.event("onap")]),
                          code=77)
        self.assertRegex(out, "^refused: unknown-key: no key of onap/ci-1")
        out = self.verify(cli.proof(other, "odl/ci-1", [cli.event()]), code=77)
        self.assertRegex(out, "^refused: unknown-key: ")

    def test_a_changed_byte_is_refused(self):
        good = json.loads(self.proof())
        raw = bytearray(cli.unb64(good["slice"]))
        for at in range(0, len(raw), 7):
            bad = bytearray(raw)
            bad[at] ^= 1
            # In the node's name or the key id it is an unknown signer.
            out = self.verify(json.dumps({**good, "slice": cli.b64(bad)}),
                              code=(65, 77))
            self.assertRegex(out, "^refused: [a-z-]+: ")

    def test_a_community_speaks_for_itself_only(self):
        out = self.verify(self.proof([cli.event("onap")]), code=65)
        self.assertRegex(out, "^refused: community: odl/ci-1 speaks under onap/")

    def test_the_topic_has_to_be_the_events(self):
        out = self.verify(self.proof(topic="odl/ArtifactCreated/other/"),
                          code=65)
        self.assertRegex(out, "^refused: topic: ")

    def test_the_rules_of_events_hold(self):
        bad = cli.event()
        del bad["projectBranch"]
        self.assertRegex(self.verify(self.proof([bad]), code=65),
                         "^refused: [a-z-]+: ")

    def test_a_retired_key_counts_up_to_its_position(self):
        old = cli.keys(self.odl)["sign"]
        new = cli.keys(self.init("x/ci-1"))["sign"]
        text = self.file.read_text().replace(old, new)
        self.file.write_text(text.replace(
            "        curve", "        retired\n            first\n"
            f'                sign = "{old}"\n'
            '                upto = "1795350896789/4"\n        curve'))
        self.assertRegex(self.verify(self.proof(first=4)), "^ok ")
        self.assertRegex(self.verify(self.proof(epoch=5, first=900)), "^ok ")
        self.assertRegex(self.verify(self.proof(first=5), code=65),
                         "^refused: retired-key: ")
        self.assertRegex(self.verify(self.proof(epoch=1795350896790), code=65),
                         "^refused: retired-key: ")

    def test_files_that_are_none(self):
        self.run_bin("--dir", self.desk, "verify", self.tmp / "no", code=66)
        self.verify(code=65)
        self.assertRegex(self.verify('{"topic": "odl/X/-/"}', code=65),
                         "^refused: form: 'slice' is missing")
        self.run_bin("--dir", self.tmp / "no", "verify", "-", code=78)

    def test_a_bad_roster_file_is_told_and_left_out(self):
        (self.desk / "roster/bad.zpl").write_text("roster = 1\n")
        _, err = self.run_bin("--dir", self.desk, "verify", "-",
                              input=self.proof())
        self.assertIn("left out: ", err)


if __name__ == "__main__":
    unittest.main()
