#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# packages.sh SOURCE BUILD - the Debian packages: made, looked at by lintian,
# installed in a fresh minimal root; there two nodes find each other and an
# event passes. Needs root, for the chroot.
set -eu
top=$1
build=$2
[ "$(id -u)" = 0 ] || {
    echo "packages: this test installs packages in a chroot: run it as root"
    exit 1
}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/cimesh-package-XXXXXX")
trap 'umount -l "$work/root/proc" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT

echo "== build"
cmake -S "$top" --preset package -B "$build" >"$work/log" 2>&1 &&
    cmake --build "$build" >>"$work/log" 2>&1 &&
    rm -f "$build"/*.deb &&
    (cd "$build" && cpack >>"$work/log" 2>&1) || {
    cat "$work/log"
    exit 1
}
ls "$build"/*.deb

echo "== lintian"
lintian --allow-root --fail-on error "$build"/*.deb

echo "== the unit's exposure"
systemd-analyze security --offline=true --threshold=15 \
    "$top/node/dist/systemd/cimesh.service" | tail -n 1

echo "== install in a fresh root"
mmdebstrap --quiet --variant=minbase --mode=root \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount \
    --aptopt="$(cat /etc/apt/apt.conf.d/* 2>/dev/null)" \
    --include="$(echo "$build"/cimesh_*.deb)" \
    bookworm "$work/root" >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
mount -t proc proc "$work/root/proc"

echo "== an event from one node there to another"
cat >"$work/root/play" <<'PLAY'
set -eu
getent group cimesh
test -f /lib/systemd/system/cimesh.service
for c in odl opnfv; do
    port=$([ $c = odl ] && echo 17570 || echo 17580)
    cimesh --dir /srv/$c init $c/ci-1 --endpoint tcp://127.0.0.1:$port 2>/dev/null
done
cimesh --dir /srv/odl roster add /srv/opnfv/roster/opnfv.zpl >/dev/null 2>&1
cimesh --dir /srv/opnfv roster add /srv/odl/roster/odl.zpl >/dev/null 2>&1
cimesh --dir /srv/opnfv follow odl/ 2>/dev/null
cimesh --dir /srv/odl node >/srv/odl.log 2>&1 & a=$!
cimesh --dir /srv/opnfv node >/srv/opnfv.log 2>&1 & b=$!
i=0
until cimesh --dir /srv/odl publish ArtifactCreated projectBranch=master \
    artifactUrl=https://nexus.odl.example/1 buildUrl=https://ci.odl.example/1 \
    confidenceLevel.AUTORELEASE=SUCCESS 2>/dev/null; do
    i=$((i + 1)); [ $i -lt 100 ] || exit 1
    sleep 0.1
done
cimesh --dir /srv/opnfv sub odl/ --since all -C 1 -W 30 --template '%{artifactUrl}'
kill $a $b
wait $a
wait $b
PLAY
chroot "$work/root" sh /play || {
    tail -n 20 "$work"/root/srv/*.log
    exit 1
}
rm "$work/root/play"
echo "== removed again: the site and the events stay"
chroot "$work/root" dpkg --purge cimesh >/dev/null
test -f "$work/root/srv/odl/data/cimesh.db"
test ! -e "$work/root/usr/bin/cimesh"
