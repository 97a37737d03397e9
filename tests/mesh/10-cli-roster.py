#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""cimesh roster: who comes in, who is refused, what stays."""
import json
import unittest

import cli


class Roster(cli.Case):
    def setUp(self):
        super().setUp()
        self.odl = self.init("odl/ci-1")
        self.onap = self.init("onap/ci-1")
        self.theirs = self.onap / "roster/onap.zpl"
        self.installed = self.odl / "roster/onap.zpl"

    def roster(self, *args, site=None, **more):
        return self.run_bin("--dir", site or self.odl, "roster", *args, **more)

    def edited(self, path, *pairs, name=None):
        """A copy of a file with replacements; each must be found."""
        text = path.read_text()
        for old, new in pairs:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        out = self.tmp / (name or "edited.zpl")
        out.write_text(text)
        return out

    # ---- add ----

    def test_add_installs_the_bytes_and_shows_fingerprints(self):
        out, err = self.roster("add", self.theirs)
        self.assertEqual(out, "")
        self.assertEqual(self.installed.read_bytes(), self.theirs.read_bytes())
        self.assertIn(cli.keys(self.onap)["fingerprint"], err)
        self.assertIn("onap/ci-1", err)
        self.assertIn("Compare the fingerprints", err)
        self.assertIn("No node runs here", err)

    def test_add_reads_standard_input(self):
        self.roster("add", "-", input=self.theirs.read_bytes())
        self.assertEqual(self.installed.read_bytes(), self.theirs.read_bytes())

    def test_add_again_changes_nothing(self):
        self.roster("add", self.theirs)
        before = self.tree(self.odl)
        self.assertIn("is here already", self.roster("add", self.theirs)[1])
        self.assertEqual(self.tree(self.odl), before)

    def test_add_takes_a_newer_file_and_no_older_one(self):
        newer = self.edited(self.theirs, ('serial = "1"', 'serial = "3"'))
        self.roster("add", newer)
        _, err = self.roster("add", self.theirs, code=65)
        self.assertIn("serial 1 is older than serial 3", err)
        self.assertEqual(self.installed.read_bytes(), newer.read_bytes())

    def test_same_serial_with_other_content_is_refused(self):
        self.roster("add", self.theirs)
        other = self.edited(self.theirs, (":7570", ":7580"))
        self.assertIn("raise it", self.roster("add", other, code=77)[1])

    def test_a_changed_key_needs_replace(self):
        self.roster("add", self.theirs)
        thief = self.init("x/ci-1")
        old, new = cli.keys(self.onap)["sign"], cli.keys(thief)["sign"]
        changed = self.edited(self.theirs, (old, new),
                              ('serial = "1"', 'serial = "2"'))
        before = self.tree(self.odl)
        _, err = self.roster("add", changed, code=77)
        self.assertIn("--replace", err)
        self.assertIn(f"onap/ci-1: sign key: ", err)
        self.assertEqual(self.tree(self.odl), before)
        _, err = self.roster("add", "--replace", changed)
        self.assertIn("`retired`", err)
        self.assertEqual(self.installed.read_bytes(), changed.read_bytes())

    def test_an_announced_key_needs_no_replace(self):
        new = cli.keys(self.init("x/ci-1"))["sign"]
        old = cli.keys(self.onap)["sign"]
        told = self.edited(self.theirs, (
            "        curve", f'        sign-next = "{new}"\n        curve'))
        self.roster("add", told)
        moved = self.edited(self.theirs, (old, new),
                            ('serial = "1"', 'serial = "2"'), (
            "        curve", '        retired\n            first\n'
            f'                sign = "{old}"\n                upto = "5/7"\n'
            "        curve"))
        _, err = self.roster("add", moved)
        self.assertNotIn("Warning", err)

    def test_a_key_of_somebody_else_is_refused(self):
        self.roster("add", self.theirs)
        mine = cli.keys(self.onap)
        copy = self.edited(self.theirs, ('name = "onap"', 'name = "thief"'))
        _, err = self.roster("add", copy, code=77)
        self.assertIn("belongs to onap/ci-1", err)
        self.assertFalse((self.odl / "roster/thief.zpl").exists())

    def test_a_bad_file_is_named_by_line(self):
        bad = self.edited(self.theirs, ("events", "evnts"))
        _, err = self.roster("add", bad, code=65)
        self.assertRegex(err, r"edited.zpl:\d+: nodes/ci-1/evnts: unknown key, "
                              r"did you mean 'events'\?")
        self.roster("add", self.tmp / "none.zpl", code=66)
        self.roster("add", self.tmp, code=65)
        cut = self.tmp / "cut.zpl"
        cut.write_bytes(self.theirs.read_bytes()[:-5])
        self.assertIn("is it complete?", self.roster("add", cut, code=65)[1])

    def test_what_is_there_but_bad_needs_replace(self):
        self.installed.write_text("nonsense\n")
        self.roster("add", self.theirs, code=77)
        self.roster("add", self.theirs, "--replace")
        self.assertEqual(self.installed.read_bytes(), self.theirs.read_bytes())

    # ---- our own community ----

    def test_our_own_nodes_are_merged_and_converge(self):
        second = self.init("odl/ci-2", port=7580)
        ours, other = self.odl / "roster/odl.zpl", second / "roster/odl.zpl"
        _, err = self.roster("add", other)
        self.assertIn("now serial 2", err)
        self.assertIn("~ odl: serial 1, now 2\n+ odl/ci-2", err)
        self.assertNotIn("- odl/ci-1", err)
        text = ours.read_text()
        self.assertIn('serial = "2"', text)
        self.assertIn(cli.keys(self.odl)["sign"], text)
        self.assertIn(cli.keys(second)["sign"], text)
        self.roster("add", ours, site=second)
        self.assertEqual(other.read_bytes(), ours.read_bytes())
        before = self.tree(self.odl)
        self.roster("add", other)
        self.assertEqual(self.tree(self.odl), before)

    def test_our_own_keys_are_ours(self):
        other = self.init("x/ci-1")
        ours = self.odl / "roster/odl.zpl"
        changed = self.edited(ours, (cli.keys(self.odl)["sign"],
                                     cli.keys(other)["sign"]),
                              ('serial = "1"', 'serial = "9"'))
        before = self.tree(self.odl)
        self.roster("add", "--replace", changed, code=77)
        self.assertEqual(self.tree(self.odl), before)

    # ---- show, check, diff, remove ----

    def test_show_is_text_and_json(self):
        self.roster("add", self.theirs)
        out, _ = self.roster("show")
        self.assertIn(cli.keys(self.odl)["fingerprint"], out)
        self.assertIn(cli.keys(self.onap)["fingerprint"], out)
        data = json.loads(self.roster("show", "--json")[0])
        self.assertEqual([c["name"] for c in data], ["odl", "onap"])
        self.assertEqual(data[0]["nodes"][0]["curve"],
                         cli.keys(self.odl)["curve"])
        only = json.loads(self.roster("show", "onap", "--json")[0])
        self.assertEqual(only, data[1:])
        self.assertIn("roster add", self.roster("show", "nobody", code=66)[1])

    def test_diff_says_what_add_would_change(self):
        self.roster("add", self.theirs)
        self.assertEqual(self.roster("diff", self.theirs)[0], "")
        before = self.tree(self.odl)
        newer = self.edited(self.theirs, ('serial = "1"', 'serial = "2"'),
                            (":7570", ":7590"))
        out, _ = self.roster("diff", newer)
        self.assertEqual(out.splitlines(),
                         ["~ onap: serial 1, now 2",
                          "~ onap/ci-1: events: tcp://127.0.0.1:7570, now "
                          "tcp://127.0.0.1:7590"])
        fresh = self.init("opnfv/ci-1") / "roster/opnfv.zpl"
        self.assertIn("+ opnfv/ci-1  ", self.roster("diff", fresh)[0])
        self.assertEqual(self.tree(self.odl), before)

    def test_check_finds_what_is_wrong(self):
        self.roster("add", self.theirs)
        self.assertIn("onap.zpl: ok, serial 1", self.roster("check")[0])
        self.assertIn("ok, onap serial 1", self.roster("check", self.theirs)[0])
        self.installed.write_text("roster = 1\n")
        _, err = self.roster("check", code=78)
        self.assertIn("onap.zpl:1: the file does not end", err)
        bad = self.edited(self.theirs, ("sign", "sing"))
        self.roster("check", bad, code=65)

    def test_check_of_a_file_needs_no_site(self):
        self.run_bin("roster", "check", self.theirs)
        self.run_bin("roster", "check", self.theirs, self.tmp / "none",
                     code=66)

    def test_check_warns_of_absent_communities(self):
        self.run_bin("--dir", self.odl, "follow", "opnfv/")
        self.assertIn("names opnfv, which is not in the roster",
                      self.roster("check")[1])

    def test_check_misses_our_own_entry(self):
        ours = self.odl / "roster/odl.zpl"
        ours.write_text(ours.read_text().replace("    ci-1\n", "    ci-9\n"))
        self.assertIn("does not name this node", self.roster("check",
                                                             code=78)[1])

    def test_remove_takes_a_community_out_but_not_our_own(self):
        self.roster("add", self.theirs)
        self.roster("remove", "onap")
        self.assertFalse(self.installed.exists())
        self.roster("remove", "onap", code=66)
        self.roster("remove", "odl", code=77)
        self.roster("remove", "../x", code=64)
        self.assertTrue((self.odl / "roster/odl.zpl").exists())


if __name__ == "__main__":
    unittest.main()
