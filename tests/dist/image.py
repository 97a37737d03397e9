#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""image.py SOURCE WORK - the image and the federation, with a real engine.

Needs root and Debian's docker.io, docker-compose and mmdebstrap. The engine is
started by hand, twice, each time in namespaces of its own, so that nothing of
the machine is touched and nothing is left: once with the machine's network to
build (base image by mmdebstrap, no registry), once without any to play the
federation of docker/compose.yaml. WORK keeps the base image between runs, and
with CIMESH_KEEP=1 what the engine built.
"""
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time

DOCKER = "/usr/bin/docker"
COMPOSE = "/usr/bin/docker-compose"
MIB = 1024 * 1024


def run(*args, **kw):
    done = subprocess.run(args, capture_output=True, text=True, **kw)
    if done.returncode:
        raise AssertionError(f"{args}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout.strip()


def docker(*args, **kw):
    return run(DOCKER, *args, **kw)


def wait(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.2)


class Engine:
    """with Engine(work, options): dockerd runs, and `docker` finds it."""

    def __init__(self, work, *options):
        self.work, self.options = work, options

    def __enter__(self):
        socket = f"unix://{self.work}/docker.sock"
        os.environ["DOCKER_HOST"] = socket
        self.log = open(f"{self.work}/dockerd.log", "ab")
        self.process = subprocess.Popen(
            ["dockerd", "--data-root", f"{self.work}/root", "--exec-root", f"{self.work}/exec",
             "--pidfile", f"{self.work}/dockerd.pid", "--host", socket, *self.options],
            stdout=self.log, stderr=self.log)
        wait("dockerd answers", lambda: subprocess.run([DOCKER, "version"], capture_output=True)
             .returncode == 0)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()


# ---- build -----------------------------------------------------------------------

def base_image(work):
    """Debian's slim image as mmdebstrap makes it, without a registry."""
    path = f"{work}/base.tar"
    if os.path.exists(path):
        return path
    run("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root",
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        "--customize-hook=rm -rf \"$1\"/var/cache/debconf/* \"$1\"/var/log/* "
        "\"$1\"/etc/resolv.conf \"$1\"/etc/hostname",
        "bookworm", f"{work}/new-base.tar", env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    os.rename(f"{work}/new-base.tar", path)
    return path


def build(source, work):
    with Engine(work, "--bridge=none", "--iptables=false", "--ip6tables=false",
                "--ip-forward=false", "--ip-masq=false"):
        if not docker("images", "-q", "debian:bookworm-slim"):
            docker("import", "-c", 'CMD ["bash"]', base_image(work), "debian:bookworm-slim")
        env = {**os.environ, "DOCKER_BUILDKIT": "1"}
        for target, tag in ("node", "cimesh:test"), ("debug", "cimesh:test-debug"):
            docker("build", "--network", "host", "-f", f"{source}/docker/Dockerfile",
                   "--build-arg", "REVISION=test", "--target", target, "-t", tag, source, env=env)
        audit(work)


def audit(work):
    """What is in the image, and what is not."""
    config = json.loads(docker("image", "inspect", "cimesh:test"))[0]
    assert config["Size"] <= 32 * MIB, f"{config['Size'] / MIB:.1f} MiB"
    print(f"image: {config['Size'] / MIB:.1f} MiB")
    inner = config["Config"]
    assert inner["User"] == "10001:10001" and inner["Healthcheck"]["Test"][0] == "CMD", inner
    assert inner["Entrypoint"] == ["/usr/bin/cimesh"], inner
    for label in "title", "version", "revision", "licenses", "base.name":
        assert inner["Labels"]["org.opencontainers.image." + label], label

    one = docker("create", "cimesh:test")
    with open(f"{work}/rootfs.tar", "wb") as out:
        subprocess.run([DOCKER, "export", one], stdout=out, check=True)
    docker("rm", one)
    with tarfile.open(f"{work}/rootfs.tar") as tar:
        members = tar.getmembers()
    names = {m.name for m in members}
    for shell in "sh", "bash", "dash", "busybox":
        assert not [n for n in names if os.path.basename(n) == shell], shell
    loose = [m.name for m in members if m.mode & 0o6000 or
             (m.mode & 0o002 and not m.issym() and m.isfile())]
    assert not loose, f"setuid or writable by all: {loose}"
    assert "etc/ssl/certs/ca-certificates.crt" in names
    packages = [n for n in names if n.startswith("var/lib/dpkg/status.d/")]
    for package in packages:
        name = os.path.basename(package)
        assert f"usr/share/doc/{name}/copyright" in names, f"no copyright of {name}"
    print(f"image: {len(members)} files, {len(packages)} packages, no shell, nothing setuid")
    os.unlink(f"{work}/rootfs.tar")


# ---- play ------------------------------------------------------------------------

class Federation:
    """docker/compose.yaml, up."""

    def __init__(self, source):
        self.file = f"{source}/docker/compose.yaml"

    def compose(self, *args):
        return run(COMPOSE, "-p", "cimeshtest", "-f", self.file, *args)

    def container(self, site):
        return self.compose("ps", "-q", site)

    def state(self, site):
        return json.loads(docker("inspect", self.container(site)))[0]["State"]

    def cli(self, site, *args, code=0):
        done = subprocess.run([DOCKER, "exec", self.container(site), "/usr/bin/cimesh", *args],
                              capture_output=True, text=True)
        assert code is None or done.returncode == code, (args, done)
        return done.stdout

    def status(self, site):
        return json.loads(self.cli(site, "status", "--json"))

    def up(self, site, peers):
        return self.status(site)["peers"]["up"] == peers

    def publish(self, site, n):
        self.cli(site, "publish", "ArtifactCreated", "projectBranch=master",
                 f"artifactUrl=https://nexus.example.org/{site}/{n}",
                 f"buildUrl=https://ci.example.org/{n}", "confidenceLevel.BUILT=SUCCESS")


def starts(f):
    begun = time.monotonic()
    f.compose("up", "-d", "--no-build")
    for site in "odl", "opnfv", "onap":
        wait(f"{site} is healthy", lambda s=site: f.state(s)["Health"]["Status"] == "healthy", 30)
    print(f"federation: healthy after {time.monotonic() - begun:.1f} s")
    wait("links", lambda: f.up("opnfv", 2) and f.up("odl", 1) and f.up("onap", 1))


def plays(f):
    out = f.compose("--profile", "scenario", "run", "--rm", "scenario")
    assert "the scenario went through" in out, out
    print("federation: the scenario went through")


def cannot_reach(f):
    """odl and onap share no network: not by name, not by address."""
    odl = json.loads(docker("inspect", f.container("odl")))[0]["NetworkSettings"]["Networks"]
    onap = json.loads(docker("inspect", f.container("onap")))[0]["NetworkSettings"]["Networks"]
    assert not set(odl) & set(onap), (odl, onap)
    pid = f.state("onap")["Pid"]
    for address in (n["IPAddress"] for n in odl.values()):
        done = subprocess.run(["nsenter", "-t", str(pid), "-n", "/usr/bin/python3", "-c",
                               "import socket, sys; s = socket.socket(); s.settimeout(2)\n"
                               "sys.exit(s.connect_ex((sys.argv[1], 7570)) == 0)", address])
        assert done.returncode == 0, "onap reached odl"
    print("federation: without a link nobody is reached")


def cut_and_healed(f):
    """A link cut, then joined again: what was said meanwhile is fetched."""
    before = f.status("opnfv")["stored"]
    network = "cimeshtest_odl-opnfv"
    docker("network", "disconnect", network, f.container("odl"))
    wait("opnfv sees the cut", lambda: f.up("opnfv", 1), 40)
    for n in range(5):
        f.publish("odl", f"cut-{n}")
    docker("network", "connect", "--ip", "10.92.1.2", "--alias", "odl", network,
           f.container("odl"))
    wait("all is there", lambda: f.status("opnfv")["stored"] == before + 5, 60)
    assert f.status("opnfv")["gaps"] == 0
    print("federation: a link cut and healed, 5 of 5 fetched")


def paused(f):
    before = f.status("opnfv")["stored"]
    docker("pause", f.container("opnfv"))
    for n in range(5):
        f.publish("odl", f"pause-{n}")
    docker("unpause", f.container("opnfv"))
    wait("all is there", lambda: f.status("opnfv")["stored"] == before + 5, 60)
    print("federation: a site frozen and thawed, 5 of 5 there")


def killed(f):
    f.publish("odl", "kill")
    before = f.status("odl")["stored"]
    docker("kill", f.container("odl"))
    docker("start", f.container("odl"))
    wait("odl is back", lambda: f.state("odl").get("Health", {}).get("Status") == "healthy", 40)
    assert f.status("odl")["stored"] == before, "the volume was not kept"
    print("federation: killed and started, nothing lost")


def confined(f):
    """Read-only root; a key that others may read is refused; ends with 0."""
    docker("exec", f.container("odl"), "/usr/bin/cimesh", "--version")
    done = subprocess.run([DOCKER, "exec", f.container("odl"), "/usr/bin/cimesh", "backup",
                           "/usr/backup.db"], capture_output=True, text=True)
    assert done.returncode in (74, 77), done
    for site in "odl", "opnfv", "onap":
        docker("stop", "-t", "10", f.container(site))
        state = f.state(site)
        assert state["ExitCode"] == 0, (site, state)
    print("federation: read-only root, SIGTERM ends with 0")


def wrong_key(work):
    path = f"{work}/key"
    docker("run", "--rm", "--network", "none", "-v", f"{work}/site:/s", "--user", "0:0",
           "cimesh:test", "--dir", "/s", "init", "odl/ci-1")
    shutil.copy(f"{work}/site/keys/node.key", path)
    os.chown(path, 10001, 10001)
    args = ["run", "--rm", "--network", "none", "-v", f"{path}:/run/secrets/key:ro",
            "-e", "CIMESH_NODE=odl/ci-1", "-e", "CIMESH_KEY=/run/secrets/key", "cimesh:test"]
    os.chmod(path, 0o444)
    done = subprocess.run([DOCKER, *args], capture_output=True, text=True)
    assert done.returncode == 77 and "chmod 600" in done.stderr, done
    os.chmod(path, 0o400)
    one = docker(args[0], "-d", *args[2:])
    wait("it runs with the mounted key", lambda: json.loads(docker("inspect", one))[0]["State"]
         .get("Health", {}).get("Status") == "healthy", 30)
    docker("rm", "-f", one)
    shutil.rmtree(f"{work}/site")
    os.unlink(path)
    print("image: a mounted key with mode 0400 works, with 0444 it is refused")


def play(source, work):
    run("ip", "link", "set", "lo", "up")
    os.environ.update(CIMESH_IMAGE="cimesh:test", CIMESH_DEBUG_IMAGE="cimesh:test-debug")
    with Engine(work, "--bip", "10.94.0.1/24"):
        wrong_key(work)
        f = Federation(source)
        try:
            starts(f)
            plays(f)
            cannot_reach(f)
            cut_and_healed(f)
            paused(f)
            killed(f)
            confined(f)
        except BaseException:
            print(subprocess.run([COMPOSE, "-p", "cimeshtest", "-f", f.file, "logs", "--tail=30"],
                                 capture_output=True, text=True).stdout)
            raise
        finally:
            subprocess.run([COMPOSE, "-p", "cimeshtest", "-f", f.file, "--profile", "scenario",
                            "down", "-v"], capture_output=True)


def main():
    source, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    if len(sys.argv) > 3:
        {"build": build, "play": play}[sys.argv[3]](source, work)
        return
    os.makedirs(work, exist_ok=True)
    try:
        for phase, spaces in ("build", "-m"), ("play", "-mn"):
            begun = time.monotonic()
            done = subprocess.run(["unshare", spaces, "/usr/bin/python3", os.path.abspath(__file__),
                                   source, work, phase])
            if done.returncode:
                sys.exit(f"image: {phase} failed; the engine's words are in {work}/dockerd.log")
            print(f"image: {phase} took {time.monotonic() - begun:.0f} s")
    finally:
        for name in ("exec",) if os.environ.get("CIMESH_KEEP") else ("root", "exec"):
            subprocess.run(["rm", "-rf", "--one-file-system", f"{work}/{name}"])


if __name__ == "__main__":
    main()
