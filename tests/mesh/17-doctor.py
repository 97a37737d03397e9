# SPDX-License-Identifier: MPL-2.0
"""cimesh doctor names the cause of each of these faults, and what to do next."""
import contextlib
import json
import os
import socket
import subprocess

from mesh import BIN, Mesh, artifact, free_port, wait

cases = 0


def doctor(node, *before):
    """Its exit code and findings, a dict each."""
    run = subprocess.run([*before, BIN, "--dir", node.dir, "doctor", "--json"],
                         capture_output=True, text=True)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()]


def finds(node, code, check, cause, next_, *before):
    """This fault, with these words in its cause and in what to do next."""
    global cases
    cases += 1
    got, findings = doctor(node, *before)
    bad = [f for f in findings if not f["ok"]]
    assert any(f["check"].startswith(check) and cause in f["cause"] and next_ in f["next"]
               for f in bad), f"wanted {check}: {cause}; found {bad}"
    assert got == code, (got, code, bad)


def well(node):
    code, findings = doctor(node)
    assert code == 0 and all(f["ok"] for f in findings), findings


@contextlib.contextmanager
def changed(path, *edits):
    """The file with these texts replaced, then as it was."""
    kept = open(path).read()
    text = kept
    for old, new in edits:
        assert old in text, (path, old)
        text = text.replace(old, new, 1)
    with open(path, "w") as f:
        f.write(text)
    yield
    with open(path, "w") as f:
        f.write(kept)


@contextlib.contextmanager
def without(path):
    os.rename(path, path + ".away")
    yield
    os.rename(path + ".away", path)


def files(odl, onap):
    """What is wrong in the site itself; the node need not run."""
    config, key = os.path.join(odl.dir, "cimesh.zpl"), os.path.join(odl.dir, "keys/node.key")
    theirs = os.path.join(odl.dir, "roster/onap.zpl")

    with without(config):
        finds(odl, 78, "cimesh.zpl", "no site here", "cimesh init")
    with changed(config, ("readers", "raeders")):
        finds(odl, 78, "cimesh.zpl", "did you mean 'readers'", "cimesh reload")
    with without(key):
        finds(odl, 78, "key file", "No such file", "from a backup")
    os.chmod(key, 0o644)
    finds(odl, 77, "key file", "others may read", "chmod 600")
    os.chmod(key, 0o600)
    with changed(key, ("sign = ", "sing = ")):
        finds(odl, 78, "key file", "there have to be just", "from a backup")
    with without(odl.roster):
        finds(odl, 78, "own entry", "does not name odl/ci-1", "restore")
    own = open(odl.roster).read().split('sign = "')[1][:43]
    other = open(onap.roster).read().split('sign = "')[1][:43]
    with changed(theirs, (other, other[::-1].replace("A", "B", 1))), changed(odl.roster, (own, other)):
        finds(odl, 78, "own keys", "key mismatch", "cimesh key show")
    with changed(theirs, ("sync = ", "snyc = ")):
        finds(odl, 78, "roster", "onap.zpl:", "cimesh roster add")
    with changed(config, ("onap/", "opnfv/")):
        finds(odl, 78, "follow", "no community opnfv", "cimesh roster add")
    with changed(config, ('        topic = "onap/"\n', ""), ("    test\n", ""), ("follow\n", ""),
                 ('        since = "all"\n', "")):
        finds(odl, 78, "follow", "nothing of theirs is followed", "cimesh follow")
    hook = 'hooks\n    h\n        topic = "onap/"\n        exec = "/nowhere/run"\nend = 1'
    with changed(config, ("end = 1", hook)):
        finds(odl, 78, "hook h", "No such file", "correct `exec`")
    with changed(config, ("end = 1", hook.replace("/nowhere/run", config))):
        finds(odl, 78, "hook h", "ermission denied", "chmod +x")
    port = odl.events.rsplit(":", 1)[1]
    with changed(odl.roster, (port, str(free_port()))):
        finds(odl, 78, "own address", "wrong address", "raise its serial")
    with changed(theirs, ("127.0.0.1", "192.0.2.1")):
        findings = [f for f in doctor(odl)[1] if not f["ok"]]
        assert any("which is their own machine" in f["cause"] for f in findings), findings
    with changed(config, ("end = 1", 'paths\n    data = "/nowhere/cimesh.db"\nend = 1')):
        finds(odl, 77, "disk", "No such file", "make the folder")


def disk(odl):
    """Full, made by a newer program, not for this user."""
    config = os.path.join(odl.dir, "cimesh.zpl")
    small = os.path.join(odl.dir, "small")
    os.mkdir(small)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", small]
    if subprocess.run(mount, capture_output=True).returncode:
        print("no disk can be made full here: a mount is not allowed")
    else:
        try:
            with changed(config, ("end = 1", f'paths\n    data = "{small}/cimesh.db"\nend = 1')):
                finds(odl, 74, "disk", "disk full", "make room")
        finally:
            subprocess.run(["umount", small], check=True)
    if os.geteuid() == 0:
        os.chmod(odl.mesh.dir, 0o755)
        user = ["setpriv", "--reuid", "10001", "--regid", "10001", "--clear-groups"]
        finds(odl, 77, "key file", "cannot be", "chown", *user)
    odl.cli("backup", small + ".db")
    subprocess.run(["sqlite3", small + ".db", "PRAGMA user_version = 99"], check=True)
    with changed(config, ("end = 1", f'paths\n    data = "{small}.db"\nend = 1')):
        finds(odl, 78, "database", "newer cimesh", "run the cimesh that made it")


def stopped(odl):
    """The node does not run, or cannot."""
    sock = os.path.join(odl.dir, "run/api.sock")
    finds(odl, 69, "node", "no node runs", "cimesh node")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(sock)
    finds(odl, 69, "node", "stale socket", "cimesh node")
    os.unlink(sock)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", int(odl.events.rsplit(":", 1)[1])))
        s.listen()
        finds(odl, 69, "own port", "already in use", "ss -ltnp")


def peers(odl, onap):
    """What is wrong between here and there."""
    theirs = os.path.join(odl.dir, "roster/onap.zpl")
    address = onap.sync
    with changed(theirs, (address, "tcp://no-such-name.invalid:7571")):
        finds(odl, 69, "peer onap/ci-1", "does not resolve", "DNS")
    with changed(theirs, (address, f"tcp://127.0.0.1:{free_port()}")):
        finds(odl, 69, "peer onap/ci-1", "port closed", "ask them")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        with changed(theirs, (address, f"tcp://127.0.0.1:{s.getsockname()[1]}")):
            finds(odl, 69, "peer onap/ci-1", "no answer", "ask them")
    # What answers, but as another program: our own events port without CURVE.
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        pid = os.fork()
        if pid == 0:
            peer, _ = s.accept()
            peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            peer.recv(100)
            os._exit(0)
        with changed(theirs, (address, f"tcp://127.0.0.1:{s.getsockname()[1]}")):
            finds(odl, 69, "peer onap/ci-1", "no node", "newest roster file")
        os.waitpid(pid, 0)
    key = open(onap.roster).read().split('curve = "')[1][:43]
    with changed(theirs, (key, "kHkq2nT0tKlwQ6IQwmJ2bbXFqs8sVnYwsdkVVqzBfVU")):
        finds(odl, 69, "peer onap/ci-1", "key mismatch", "newest roster file")


def links(odl, onap):
    """The peer is there, and something else is wrong."""
    onap.distrust(odl)
    onap.reload()
    wait("onap no longer lets odl in", lambda: not odl.peer("onap/ci-1")["up"], 40)
    finds(odl, 69, "peer onap/ci-1", "its roster lacks us", "cimesh roster add")
    onap.trust(odl)
    onap.reload()
    odl.wait_peer(onap)

    late = os.path.join(odl.dir, "roster/late.zpl")
    with open(late, "w") as f:
        f.write("roster = 1\n")
    odl.http("POST", "/v1/reload", "")
    finds(odl, 78, "the node warns", "late.zpl", "cimesh reload")
    os.unlink(late)
    odl.reload()


def clock(odl, onap):
    """Its clock is an hour ahead."""
    onap.stop()
    onap.clock.wall(3600 * 1000)
    onap.start()
    odl.wait_peer(onap)
    onap.publish(artifact("onap"))
    wait("it is heard", lambda: odl.status()["stored"] == 1)
    finds(odl, 71, "peer onap/ci-1", "minutes ahead of ours", "timedatectl")


with Mesh() as m:
    odl, onap = m.node("odl/ci-1").follow("onap/"), m.node("onap/ci-1").follow("odl/")
    m.befriend()
    m.start()
    odl.wait_peer(onap)
    onap.wait_peer(odl)
    well(odl)
    peers(odl, onap)
    links(odl, onap)
    well(odl)
    files(odl, onap)
    disk(odl)
    if subprocess.run([BIN, "failpoints"], capture_output=True).returncode == 0:
        clock(odl, onap)
    odl.stop()
    stopped(odl)
    text = odl.cli("doctor", code=69)
    assert "FAULT  node" in text and "next: cimesh node" in text, text
    print(f"{cases} faults named")
