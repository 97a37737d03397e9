#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A container's first start, and what a service manager hands over: the key,
a listening socket, the wish to hear that the node lives."""
import json
import os
import socket
import subprocess
import sys
import tempfile

from mesh import BIN, SLOW, UnixHTTP, free_port, wait


class Site:
    """A node that is started by hand, in a folder of its own."""

    def __init__(self, folder):
        self.dir, self.log = folder, folder + ".log"

    def start(self, fds=(), before="", **env):
        """before: shell words that end in what runs the program."""
        env = {**{k: v for k, v in os.environ.items() if not k.startswith("CIMESH_")}, **env}
        line = f'{before or "exec"} "{BIN}" --dir "{self.dir}" node'
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["sh", "-c", line], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=env, pass_fds=fds)
        return self

    def get(self, path):
        try:
            conn = UnixHTTP(os.path.join(self.dir, "run/api.sock"), 10 * SLOW)
            conn.request("GET", path)
            reply = conn.getresponse()
            return reply.status, reply.read().decode()
        except OSError:
            return 0, ""

    def wait_up(self):
        def up():
            assert self.process.poll() is None, f"ended with {self.process.returncode}"
            return self.get("/readyz")[0] == 200
        wait("the node is ready", up)
        return json.loads(self.get("/v1/status")[1])

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20 * SLOW) == 0

    def text(self):
        with open(self.log) as f:
            return f.read()


def first_start(top):
    """An empty folder and a few variables; the second start keeps what is there."""
    site = Site(os.path.join(top, "volume"))
    os.mkdir(site.dir)
    site_env = {"CIMESH_NODE": "odl/ci-1", "CIMESH_CONTACT": "releng@example.org",
                "CIMESH_ENDPOINT": f"tcp://127.0.0.1:{free_port()}",
                "CIMESH_SYNC": f"tcp://127.0.0.1:{free_port()}"}
    site.start(**site_env)
    assert site.wait_up()["node"] == "odl/ci-1"
    site.stop()
    roster = open(os.path.join(site.dir, "roster/odl.zpl")).read()
    assert roster in site.text(), "the roster file is shown"
    key = open(os.path.join(site.dir, "keys/node.key")).read()

    site.start(**{**site_env, "CIMESH_NODE": "odl/other"})
    assert site.wait_up()["node"] == "odl/ci-1", "what is there is kept"
    job = {**os.environ, "CIMESH_DIR": top, "CIMESH_API": os.path.join(site.dir, "run/api.sock")}
    run = subprocess.run([BIN, "publish", "Ping", "--topic", "odl/Ping/-",
                          "buildUrl=https://ci.example.org/1"], env=job, capture_output=True)
    assert run.returncode == 0 and site.get("/v1/status")[1].count('"stored":1'), run
    del job["CIMESH_API"]
    assert subprocess.run([BIN, "status"], env=job, capture_output=True).returncode == 69
    site.stop()
    assert open(os.path.join(site.dir, "keys/node.key")).read() == key

    bad = Site(os.path.join(top, "bad")).start(CIMESH_NODE="ODL", CIMESH_ENDPOINT="tcp://a:1")
    assert bad.process.wait(20 * SLOW) == 64 and "no node name" in bad.text()
    assert not os.path.exists(bad.dir), "nothing half made"
    return key


def key_given(top, key):
    """A key made before, mounted with mode 0400; others may not read it."""
    path = os.path.join(top, "secret")
    with open(path, "w") as f:
        f.write(key)
    os.chmod(path, 0o444)
    site = Site(os.path.join(top, "keyed"))
    site.start(CIMESH_NODE="odl/ci-1", CIMESH_KEY=path)
    assert site.process.wait(20 * SLOW) == 77 and "chmod 600" in site.text()
    os.chmod(path, 0o400)
    site.start(CIMESH_NODE="odl/ci-1", CIMESH_KEY=path)
    site.wait_up()
    site.stop()
    assert not os.path.exists(os.path.join(site.dir, "keys/node.key"))

    # The same key as a credential, which stands before the configured one.
    os.mkdir(os.path.join(top, "credentials"))
    os.rename(path, os.path.join(top, "credentials/node.key"))
    site.start()
    assert site.process.wait(20 * SLOW) == 78, "without its key it does not start"
    site.start(CREDENTIALS_DIRECTORY=os.path.join(top, "credentials"))
    site.wait_up()
    site.stop()


def key_lent(key):
    """root's, lent to the group of the node's own user: so secrets are mounted."""
    with tempfile.TemporaryDirectory(prefix="cimesh-lent-") as top:
        os.chmod(top, 0o755)
        path, site = os.path.join(top, "secret"), Site(os.path.join(top, "site"))
        with open(path, "w") as f:
            f.write(key)
        os.mkdir(site.dir)
        os.chown(site.dir, 10001, 10001)
        os.chown(path, 0, 10001)
        os.chmod(path, 0o440)
        site.start(CIMESH_NODE="odl/ci-1", CIMESH_KEY=path,
                   before="exec setpriv --reuid 10001 --regid 10001 --clear-groups")
        site.wait_up()
        site.stop()


def socket_given(site):
    """A listening socket is taken over and its name is left; the watchdog hears."""
    path = os.path.join(site.dir, "run/api.sock")
    with socket.socket(socket.AF_UNIX) as listener, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        listener.bind(path)
        listener.listen(16)
        before = os.stat(path).st_ino
        manager.bind(os.path.join(site.dir, "notify"))
        manager.settimeout(20 * SLOW)
        site.start(fds=(listener.fileno(),), LISTEN_FDS="1", WATCHDOG_USEC="300000",
                   NOTIFY_SOCKET=os.path.join(site.dir, "notify"),
                   before=f"exec 3<&{listener.fileno()}; export LISTEN_PID=$$ WATCHDOG_PID=$$; "
                   "exec")
        site.wait_up()
        heard = []
        while sum("WATCHDOG=1" in h for h in heard) < 3:
            heard.append(manager.recv(4096).decode())
        assert any(h.startswith("READY=1") for h in heard), heard
        site.stop()
        assert os.stat(path).st_ino == before, "the socket is its maker's"
        heard.append("")
        while "STOPPING=1" not in heard[-1]:
            heard.append(manager.recv(4096).decode())


with tempfile.TemporaryDirectory(prefix="cimesh-first-") as tmp:
    try:
        own = first_start(tmp)
        key_given(tmp, own)
        if os.geteuid() == 0:
            key_lent(own)
        socket_given(Site(os.path.join(tmp, "volume")))
    except BaseException:
        for name in os.listdir(tmp):
            if name.endswith(".log"):
                print(f"---- {name}", open(os.path.join(tmp, name)).read(), file=sys.stderr)
        raise
