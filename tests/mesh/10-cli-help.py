#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Help, typos, general options and exit codes of the command line."""
import os
import subprocess
import unittest

import cli


class Help(cli.Case):
    def commands(self):
        out, _ = self.run_bin("help")
        part = out.split("Commands:\n")[1].split("\n\n")[0]
        return [line.split()[0] for line in part.splitlines()]

    def test_help_starts_with_examples_and_lists_commands(self):
        out, err = self.run_bin("--help")
        self.assertTrue(out.startswith("Examples:\n    cimesh init "))
        self.assertEqual(err, "")
        for name in ("init", "roster", "follow", "publish", "sub", "verify"):
            self.assertIn(name, self.commands())

    def test_every_command_has_help_of_narrow_lines(self):
        for name in self.commands():
            if name == "help":
                continue
            out, err = self.run_bin(name, "--help")
            self.assertTrue(out.startswith("Examples:\n    "), name)
            self.assertIn(f"\nUsage: cimesh {name}", out)
            self.assertIn("Exit code", out, name)
            self.assertEqual(err, "")
            self.assertEqual(self.run_bin("help", name)[0], out)
            for line in out.splitlines():
                self.assertLessEqual(len(line), 80, f"{name}: {line}")

    def test_help_of_the_api(self):
        self.assertIn("/v1/events", self.run_bin("help", "api")[0])

    def test_version(self):
        self.assertRegex(self.run_bin("--version")[0], r"^cimesh \d+\.\d+")

    def test_a_typo_gets_a_suggestion(self):
        for typo, meant in (("pubish", "publish"), ("rooster", "roster"),
                            ("folow", "follow"), ("stauts", "status")):
            out, err = self.run_bin(typo, code=64)
            self.assertEqual(out, "")
            self.assertIn(f"did you mean '{meant}'?", err)
        self.assertNotIn("did you mean", self.run_bin("xyzzy", code=64)[1])
        self.assertIn("did you mean '--dir'",
                      self.run_bin("--dri", "x", code=64)[1])
        self.assertIn("did you mean 'show'",
                      self.run_bin("roster", "shwo", code=64)[1])
        self.assertIn("did you mean '--since'",
                      self.run_bin("follow", "odl/", "--sinse", "now",
                                   code=64)[1])
        self.assertIn("did you mean 'follow'",
                      self.run_bin("help", "folow", code=64)[1])

    def test_usage_errors_point_to_help(self):
        for args in (("init",), ("roster",), ("follow",), ("verify",),
                     ("key",), ("roster", "add"), ("roster", "remove"),
                     ("--dir",), ("key", "show", "more"), ("reload", "x"),
                     ("follow", "--since"), ("follow", "x", "--since", "y")):
            _, err = self.run_bin(*args, code=64)
            self.assertIn("--help", err)

    def test_without_a_site_it_says_how_to_make_one(self):
        for args in (("key", "show"), ("reload",), ("follow", "odl/"),
                     ("unfollow", "odl/"), ("roster", "show")):
            _, err = self.run_bin(*args, code=78)
            self.assertIn("cimesh init", err)

    def test_alone_it_is_status(self):
        site = self.init("odl/ci-1")
        _, alone = self.run_bin("--dir", site, code=69)
        _, named = self.run_bin("status", "--dir", site, code=69)
        self.assertEqual(alone, named)

    def test_reload_without_a_node(self):
        site = self.init("odl/ci-1")
        self.run_bin("--dir", site, "reload", code=69)

    def test_the_site_is_found_by_option_and_environment(self):
        site = self.init("odl/ci-1")
        other = self.init("onap/ci-1")
        want = self.run_bin("--dir", site, "key", "show")[0]
        env = {"CIMESH_DIR": str(other)}
        self.assertIn("odl/ci-1", want)
        for args in (("key", "show", "--dir", site),
                     ("key", f"--dir={site}", "show")):
            self.assertEqual(self.run_bin(*args, env=env)[0], want)
        self.assertIn("onap/ci-1", self.run_bin("key", "show", env=env)[0])
        os.chdir(self.tmp)
        self.assertEqual(self.run_bin("--dir", "odl-ci-1", "key", "show")[0],
                         want)

    def test_a_full_disk_is_not_success(self):
        site = self.init("odl/ci-1")
        with open("/dev/full", "wb") as full:
            p = subprocess.run([cli.BIN, "--dir", site, "key", "show"],
                               stdout=full, stderr=subprocess.PIPE,
                               env=self.env)
        self.assertEqual(p.returncode, 74)
        self.assertIn(b"No space", p.stderr)

    def test_closed_standard_files_harm_nothing(self):
        site = self.init("odl/ci-1")
        before = self.tree(site)
        subprocess.run(["/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-',
                        cli.BIN, "--dir", site, "follow", "odl/"],
                       env=self.env)
        after = self.tree(site)
        changed = [p for p in after if after[p] != before.get(p)]
        self.assertEqual(changed, [str(site / "cimesh.zpl")])

    def test_reader_that_left_is_no_failure(self):
        for args in "help", "publish --help", "--version":
            read, write = os.pipe()
            os.close(read)
            p = subprocess.run([cli.BIN, *args.split()], stdout=write, env=self.env,
                               stderr=subprocess.PIPE)
            os.close(write)
            self.assertEqual((p.returncode, p.stderr), (0, b""), args)


if __name__ == "__main__":
    unittest.main()
