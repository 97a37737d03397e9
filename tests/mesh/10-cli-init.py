#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""cimesh init and key show: a site, whole or not at all."""
import json
import os
import unittest

import cli


class Init(cli.Case):
    def test_makes_a_site_and_prints_the_roster_file(self):
        site = self.tmp / "deep/er"
        out, err = self.run_bin("init", "odl/ci-1", "--dir", site,
                                "--endpoint", "tcp://ci.example.org:7570",
                                "--contact", "releng@example.org")
        self.assertEqual(out, f"{site}/roster/odl.zpl\n")
        self.assertIn("Next:", err)
        roster = (site / "roster/odl.zpl").read_text()
        self.assertIn('events = "tcp://ci.example.org:7570"', roster)
        self.assertIn('sync = "tcp://ci.example.org:7571"', roster)
        self.assertIn('contact = "releng@example.org"', roster)
        self.assertIn('serial = "1"', roster)
        self.assertTrue(roster.endswith("end = 1\n"))
        config = (site / "cimesh.zpl").read_text()
        self.assertIn('events = "tcp://*:7570"', config)
        self.assertIn('sync = "tcp://*:7571"', config)
        self.assertEqual((site / "keys/node.key").stat().st_mode & 0o777, 0o600)
        self.assertEqual((site / "keys").stat().st_mode & 0o777, 0o700)
        self.assertTrue((site / "data").is_dir())
        self.assertTrue((site / "run").is_dir())
        self.run_bin("--dir", site, "roster", "check")

    def test_loopback_stays_on_this_machine(self):
        for endpoint, bind in (("tcp://127.0.0.1:7570", "tcp://127.0.0.1:7570"),
                               ("tcp://localhost:7570", "tcp://127.0.0.1:7570"),
                               ("tcp://[::1]:7570", "tcp://[::1]:7570"),
                               ("tcp://10.0.0.1:7570", "tcp://*:7570")):
            site = self.tmp / endpoint[6:].strip("[").split(":")[0]
            self.run_bin("--dir", site, "init", "odl/a", "--endpoint", endpoint)
            self.assertIn(f'events = "{bind}"',
                          (site / "cimesh.zpl").read_text())
            self.assertIn(f'events = "{endpoint}"',
                          (site / "roster/odl.zpl").read_text())

    def test_sync_may_be_given(self):
        site = self.init("odl/a", "--sync", "tcp://ci.example.org:9")
        self.assertIn('sync = "tcp://ci.example.org:9"',
                      (site / "roster/odl.zpl").read_text())
        self.assertIn('sync = "tcp://*:9"', (site / "cimesh.zpl").read_text())

    def test_without_endpoint_it_is_a_follower(self):
        site = self.init("odl/desk", port=None)
        self.assertNotIn("events =", (site / "roster/odl.zpl").read_text())
        self.assertNotIn("events =", (site / "cimesh.zpl").read_text())
        self.assertIn("nobody can dial it",
                      self.run_bin("--dir", site, "roster", "show")[0])

    def test_what_exists_is_never_touched(self):
        site = self.init("odl/ci-1")
        before = self.tree(site)
        _, err = self.run_bin("--dir", site, "init", "odl/ci-1", code=78)
        self.assertIn("nothing was changed", err)
        self.assertEqual(self.tree(site), before)
        for name in ("cimesh.zpl", "keys/node.key", "roster/odl.zpl",
                     "data/cimesh.db"):
            other = self.tmp / ("x" + name.replace("/", "-"))
            (other / name).parent.mkdir(parents=True)
            (other / name).write_text("mine")
            before = self.tree(other)
            self.run_bin("--dir", other, "init", "odl/ci-1", code=78)
            self.assertEqual(self.tree(other), before)

    def test_a_failure_leaves_nothing_behind(self):
        site = self.tmp / "site"
        site.mkdir()
        (site / "run").write_text("not a folder")
        before = self.tree(site)
        self.run_bin("--dir", site, "init", "odl/ci-1", code=78)
        self.assertEqual(self.tree(site), before)

    def test_bad_words_are_usage_errors(self):
        for args in (("odl",), ("Odl/ci",), ("odl/ci/1",), ("odl/-ci",),
                     ("a" * 33 + "/b",), ("odl/ci", "more"),
                     ("odl/ci", "--endpoint", "ci:7570"),
                     ("odl/ci", "--endpoint", "tcp://*:7570"),
                     ("odl/ci", "--endpoint", "tcp://ci:65535"),
                     ("odl/ci", "--endpoint", "tcp://ci:70000"),
                     ("odl/ci", "--sync", "tcp://ci:7571"),
                     ("odl/ci", "--endpoint", "tcp://ci:1", "--sync",
                      "tcp://ci:1"),
                     ("odl/ci", "--contact", "a'b\"c"),
                     ("odl/ci", "--contact", "a\nb"),
                     ("odl/ci", "--contact", "x" * 201)):
            self.run_bin("--dir", self.tmp / "s", "init", *args, code=64)
        self.assertFalse((self.tmp / "s").exists())

    def test_contact_may_have_quotes(self):
        site = self.init("odl/a", "--contact", 'The "CI" people <ci@odl>')
        show = json.loads(
            self.run_bin("--dir", site, "roster", "show", "--json")[0])
        self.assertEqual(show[0]["contact"], 'The "CI" people <ci@odl>')

    def test_two_sites_have_different_keys(self):
        a, b = self.init("odl/a"), self.init("odl/b")
        self.assertNotEqual(cli.keys(a)["sign"], cli.keys(b)["sign"])


class Key(cli.Case):
    def test_shows_what_the_roster_file_has_and_no_secret(self):
        site = self.init("odl/ci-1")
        out, _ = self.run_bin("--dir", site, "key", "show")
        shown = dict(line.split() for line in out.splitlines())
        self.assertEqual(shown, cli.keys(site))
        roster = (site / "roster/odl.zpl").read_text()
        self.assertIn(f'sign = "{shown["sign"]}"', roster)
        self.assertIn(f'curve = "{shown["curve"]}"', roster)
        self.assertRegex(shown["fingerprint"], r"^([0-9a-f]{4}-){7}[0-9a-f]{4}$")
        for line in (site / "keys/node.key").read_text().splitlines()[1:]:
            self.assertNotIn(line.split(" = ")[1], out)

    def test_fingerprint_is_the_hash_of_the_key(self):
        shown = cli.keys(self.init("odl/ci-1"))
        digest = cli.blake(b"cimesh key v1\0" + cli.unb64(shown["sign"])).hex()
        self.assertEqual(shown["fingerprint"].replace("-", ""), digest[:32])

    def test_a_key_others_may_read_is_refused(self):
        site = self.init("odl/ci-1")
        (site / "keys/node.key").chmod(0o644)
        _, err = self.run_bin("--dir", site, "key", "show", code=77)
        self.assertIn("node.key", err)

    def test_no_key_is_configuration(self):
        site = self.init("odl/ci-1")
        os.unlink(site / "keys/node.key")
        self.run_bin("--dir", site, "key", "show", code=78)


if __name__ == "__main__":
    unittest.main()
