#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""cimesh follow, unfollow: cimesh.zpl edited in place."""
import unittest

import cli


class Follow(cli.Case):
    def setUp(self):
        super().setUp()
        self.site = self.init("odl/ci-1")
        self.config = self.site / "cimesh.zpl"

    def follow(self, *args, **more):
        return self.run_bin("--dir", self.site, "follow", *args, **more)

    def unfollow(self, *args, **more):
        return self.run_bin("--dir", self.site, "unfollow", *args, **more)

    def test_follow_and_unfollow_are_inverse(self):
        before = self.config.read_bytes()
        out, err = self.follow("opnfv/ArtifactCreated/master")
        self.assertEqual(out, "")
        self.assertIn("opnfv is not in the roster yet", err)
        self.assertIn("No node runs here", err)
        self.assertIn('    opnfv\n'
                      '        topic = "opnfv/ArtifactCreated/master/"\n'
                      '        since = "all"\n', self.config.read_text())
        self.run_bin("--dir", self.site, "roster", "check")
        self.unfollow("opnfv/ArtifactCreated/master/")
        self.assertEqual(self.config.read_bytes(), before)

    def test_comments_stay(self):
        text = self.config.read_text().replace(
            "follow\n", "follow # mine\n    # theirs\n")
        self.config.write_text(text)
        self.follow("onap/", "opnfv/X*", "--since", "now")
        new = self.config.read_text()
        for line in text.splitlines():
            self.assertIn(line, new.splitlines())
        self.assertEqual(new.count('since = "now"'), 2)

    def test_again_is_fine_and_changes_nothing(self):
        self.follow("onap")
        before = self.config.read_bytes()
        _, err = self.follow("onap/")
        self.assertIn("followed already", err)
        self.assertEqual(self.config.read_bytes(), before)

    def test_other_since_is_a_conflict(self):
        self.follow("onap")
        _, err = self.follow("onap", "--since", "now", code=65)
        self.assertRegex(err, r"cimesh.zpl:\d+: onap/ is followed with")

    def test_bad_topics_change_nothing(self):
        before = self.config.read_bytes()
        for topic in ("o*l/", "", "Odl/", "odl//x", "odl/ä", "../x"):
            self.follow(topic, code=64)
            self.unfollow(topic, code=64)
            # Nor does a good one before it.
            _, err = self.follow("onap/", topic, code=64)
            self.assertIn(f"'{topic}'", err)
        self.assertEqual(self.config.read_bytes(), before)

    def test_unfollow_what_is_not_followed(self):
        _, err = self.unfollow("onap/", code=66)
        self.assertIn("onap/ is not followed", err)

    def test_a_mistake_in_the_file_is_named_and_left(self):
        text = self.config.read_text().replace("readers", "reeders")
        self.config.write_text(text)
        _, err = self.follow("onap/", code=78)
        self.assertRegex(err, r"cimesh.zpl:\d+: node/reeders: unknown key, "
                              r"did you mean 'readers'\?")
        self.assertEqual(self.config.read_text(), text)

    def test_a_link_to_the_file_stays_one(self):
        real = self.tmp / "real.zpl"
        self.config.rename(real)
        self.config.symlink_to(real)
        self.follow("onap/")
        self.assertTrue(self.config.is_symlink())
        self.assertIn("onap/", real.read_text())


if __name__ == "__main__":
    unittest.main()
