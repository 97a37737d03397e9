# SPDX-License-Identifier: MPL-2.0
"""talk - the program as a job runs it: words in, lines and a code out."""
import os
import subprocess

from mesh import BIN, SLOW


def environment(node=None, **more):
    """What a job has around it, and nothing of this machine's."""
    env = {"PATH": "/usr/bin:/bin"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    if node:
        env["CIMESH_DIR"] = node.dir
    return {**env, **more}


def run(node, *args, code=0, text="", **env):
    """Runs at this node's site; (stdout, stderr) when it ends with code."""
    p = subprocess.run([BIN, *args], input=text, capture_output=True, text=True,
                       timeout=120 * SLOW, env=environment(node, **env))
    assert p.returncode == code, (args, p.returncode, p.stdout, p.stderr)
    return p.stdout, p.stderr


def start(node, *args, **env):
    """Starts it; stdout and stderr are pipes."""
    return subprocess.Popen([BIN, *args], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=environment(node, **env))


def lines(text):
    return text.splitlines()
