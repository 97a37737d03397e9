# SPDX-License-Identifier: MPL-2.0
"""Real nodes on loopback, for tests: start, kill, publish, wait, compare.

A test makes a Mesh, adds nodes, lets them trust and follow each other, and
asks with wait() until something holds; nothing sleeps for a fixed time. When
a test fails, the log of every node is printed. CIMESH_BIN names the program;
CIMESH_KEEP=1 keeps the site directories.
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

BIN = os.environ.get("CIMESH_BIN", "cimesh")
SLOW = float(os.environ.get("CIMESH_SLOW", "1"))  # sanitizers take longer

_next_port = 10000 + (os.getpid() * 61) % 20000


def free_port():
    """A port below the range that the kernel hands out by itself."""
    global _next_port
    while True:
        _next_port += 1
        if _next_port > 32000:
            _next_port = 10000
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", _next_port))
                return _next_port
            except OSError:
                continue


def wait(what, condition, seconds=20):
    """Until condition() is true; its value. what: for the failure's text."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds * SLOW:.0f} s in vain: {what}")
        time.sleep(0.05)


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Clock:
    """What a node adds to the time; takes effect at once, lives on over its
    restarts. Builds with CIM_FAILPOINTS only (node/clock.h)."""

    def __init__(self, path):
        self.path, self.wall_ms, self.mono_ms = path, 0, 0
        self._write()

    def _write(self):
        # In place: the node has the file mapped.
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("<qq", self.wall_ms, self.mono_ms))

    def wall(self, ms):
        """Wall time is the real one plus this; may be negative, may jump."""
        self.wall_ms = ms
        self._write()

    def mono(self, ms):
        """Monotonic time is the real one plus this; never less than before."""
        assert ms >= self.mono_ms
        self.mono_ms = ms
        self._write()


class Node:
    """One site directory, and the process when it runs."""

    def __init__(self, mesh, name, readers="roster", host="127.0.0.1", dialed=True):
        """dialed=False: nobody can dial it, so nobody waits for it."""
        self.mesh, self.name, self.readers, self.dialed = mesh, name, readers, dialed
        self.community, self.part = name.split("/")
        self.dir = os.path.join(mesh.dir, name.replace("/", "-"))
        self.events = f"tcp://{host}:{free_port()}"
        self.sync = f"tcp://{host}:{free_port()}"
        self.follows, self.since, self.extra = [], "all", ""
        self.process, self.env, self._clock = None, {}, None
        self.wrap = []  # words before the program's, from the next start on
        self.bin = BIN  # another program, from the next start on
        self.cli("init", name, "--endpoint", self.events, "--sync", self.sync)
        if not dialed:
            with open(self.roster) as f:
                text = f.read()
            with open(self.roster, "w") as f:
                f.write(re.sub(r" +(events|sync) = .*\n", "", text))
        self.configure()

    # ---- files ----

    @property
    def roster(self):
        return os.path.join(self.dir, "roster", self.community + ".zpl")

    @property
    def log(self):
        return self.dir + ".log"

    def configure(self):
        """Writes cimesh.zpl from what the test chose."""
        text = "cimesh = 1\nnode\n"
        text += f'    name = "{self.name}"\n    readers = "{self.readers}"\n'
        if self.dialed:
            text += f'    events = "{self.events}"\n    sync = "{self.sync}"\n'
        if self.follows:
            text += "follow\n    test\n"
            text += "".join(f'        topic = "{t}"\n' for t in self.follows)
            text += f'        since = "{self.since}"\n'
        text += self.extra + "end = 1\n"
        with open(os.path.join(self.dir, "cimesh.zpl"), "w") as f:
            f.write(text)

    def follow(self, *topics):
        self.follows += topics
        self.configure()
        return self

    def trust(self, *others):
        """Takes over the roster files of these nodes' communities."""
        for other in others:
            if other.roster != self.roster and other.community != self.community:
                shutil.copy(other.roster, os.path.join(self.dir, "roster"))
        return self

    def distrust(self, other):
        os.unlink(os.path.join(self.dir, "roster", other.community + ".zpl"))

    # ---- the process ----

    def start(self, wait_ready=True):
        env = dict(os.environ, CIMESH_TEST_RECONNECT_MS="50", CIMESH_LOG="debug", **self.env)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrap, self.bin, "--dir", self.dir, "node"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=env)
        if wait_ready:
            self.wait_up()
        return self

    def wait_up(self):
        """It answers, and may publish."""
        wait(f"{self.name} ready", lambda: self.alive() and self.get("/readyz")[0] == 200)

    def alive(self):
        code = self.process.poll()
        if code is not None:
            raise AssertionError(f"{self.name} ended with {code}")
        return True

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        """SIGTERM; its exit code."""
        self.signal(signal.SIGTERM)
        code = self.process.wait(timeout=20 * SLOW)
        self.process = None
        return code

    def faults(self):
        """From the next start on: what tests/mesh/fault.c listens to."""
        prefix = self.dir + ".fault"
        self.env = {"LD_PRELOAD": os.environ["CIMESH_FAULT_LIB"], "CIMESH_FAULT": prefix}
        return prefix

    @property
    def clock(self):
        """Its test clock, asked for before the start that is to have it."""
        if self._clock is None:
            self._clock = Clock(self.dir + ".clock")
            self.env["CIMESH_TEST_CLOCK"] = self._clock.path
        return self._clock

    # ---- what it says ----

    def cli(self, *args, code=0, text=None):
        run = subprocess.run([self.bin, "--dir", self.dir, *args], input=text,
                             capture_output=True, text=True, timeout=60 * SLOW)
        if code is not None and run.returncode != code:
            raise AssertionError(f"cimesh {args}: {run.returncode}\n{run.stdout}{run.stderr}")
        return run.stdout

    def http(self, method, path, body=None, type_="application/json", timeout=30):
        conn = UnixHTTP(os.path.join(self.dir, "run", "api.sock"), timeout * SLOW)
        try:
            head = {"Content-Type": type_} if body is not None else {}
            conn.request(method, path, body, head)
            reply = conn.getresponse()
            return reply.status, reply.read().decode()
        finally:
            conn.close()

    def get(self, path):
        try:
            return self.http("GET", path)
        except OSError as e:
            return 0, str(e)

    def status(self):
        return json.loads(self.get("/v1/status")[1])

    def refused(self, reason):
        return self.status()["refused"].get(reason, 0)

    def peer(self, name):
        peers = json.loads(self.get("/v1/peers")[1])
        peers = peers if isinstance(peers, list) else peers["peers"]
        return next(p for p in peers if p["node"] == name)

    def wait_peer(self, *others):
        for other in others:
            wait(f"{self.name} sees {other.name}", lambda o=other: self.peer(o.name)["up"])
        return self

    def publish(self, *events, **kw):
        """Publishes; what came back, an object an event. An event is a dict."""
        body = "\n".join(json.dumps(e) for e in events)
        status, text = self.http("POST", "/v1/events", body, "application/x-ndjson", **kw)
        if status not in (200, 201):
            raise Refused(status, text)
        return [json.loads(line) for line in text.splitlines()]

    def reload(self):
        status, text = self.http("POST", "/v1/reload", "")
        if status != 200:
            raise Refused(status, text)
        return text

    def all(self, topic="*"):
        """Every stored event of this prefix, in arrival order."""
        out, after = [], 0
        query = "" if topic == "*" else "&topic=" + urllib.parse.quote(topic)
        while True:
            _, text = self.http("GET", f"/v1/events?limit=1000&after={after}{query}")
            page = [json.loads(line) for line in text.splitlines()]
            if not page:
                return out
            out += page
            after = page[-1]["arrival"]

    def ids(self, topic="*"):
        return [e["eventId"] for e in self.all(topic)]

    def connections(self):
        """Who is connected to its events port: their ports, the same as long as nothing is cut."""
        port, found = "%04X" % int(self.events.rsplit(":", 1)[1]), set()
        with open("/proc/net/tcp") as f:
            for line in f:
                local, remote, state = line.split()[1:4]
                if remote.endswith(":" + port) and state == "01":
                    found.add(local)
        return found

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status} {text}")
        self.status, self.text = status, text


class Mesh:
    """with Mesh() as m: ... - all nodes end with it."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="cimesh-mesh-")
        self.nodes = []
        return self

    def node(self, name, **kw):
        self.nodes.append(Node(self, name, **kw))
        return self.nodes[-1]

    def befriend(self, *nodes):
        """Each gets the roster files of all others."""
        for n in nodes or self.nodes:
            n.trust(*(nodes or self.nodes))

    def start(self, *nodes):
        for n in nodes or self.nodes:
            n.start(wait_ready=False)
        for n in nodes or self.nodes:
            n.wait_up()

    def __exit__(self, kind, value, trace):
        codes = {}
        for n in self.nodes:
            if n.process and n.process.poll() is None:
                n.signal(signal.SIGCONT)
                n.signal(signal.SIGTERM)
        for n in self.nodes:
            if n.process:
                try:
                    codes[n.name] = n.process.wait(timeout=20 * SLOW)
                except subprocess.TimeoutExpired:
                    n.process.kill()
                    codes[n.name] = "did not end"
        bad = {k: v for k, v in codes.items() if v != 0}
        bad.update({n.name: "sanitizer" for n in self.nodes if os.path.exists(n.log)
                    and re.search(r"Sanitizer|runtime error:", n.log_text())})
        if kind or bad:
            for n in self.nodes:
                if os.path.exists(n.log):
                    print(f"---- {n.name}\n{n.log_text()[-6000:]}", file=sys.stderr)
        if not os.environ.get("CIMESH_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
        if bad and not kind:
            raise AssertionError(f"nodes did not end well: {bad}")


def artifact(community="odl", branch="master", n=0, **more):
    """An ArtifactCreated, as a job says it."""
    return {"eventType": "ArtifactCreated", "buildUrl": f"https://ci.example.org/{n}",
            "artifactUrl": f"https://nexus.example.org/{community}/{branch}/{n}.zip",
            "projectBranch": branch, "confidenceLevel": {"AUTORELEASE": "SUCCESS"}, **more}
