#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Makes the three sites, each in a volume of its own, if they are not there:
# keys and configuration by `cimesh init`, then the roster files go around.
set -eu
umask 077
unset CIMESH_API

[ ! -e /site/odl/cimesh.zpl ] || exit 0

make() { # COMMUNITY HOST
    cimesh --dir "/site/$1" init "$1/ci-1" --endpoint "tcp://$2:7570" \
        --api /run/cimesh/api.sock
}
knows() { # COMMUNITY OTHER...
    site=$1
    shift
    for other in "$@"; do
        cimesh --dir "/site/$site" roster add "/site/$other/roster/$other.zpl"
        cimesh --dir "/site/$site" follow "$other/"
    done
}
# OPNFV stands between: one name, which either link resolves.
for c in odl opnfv onap; do
    make $c $c
done
knows odl opnfv
knows opnfv odl onap
knows onap opnfv
chown -R 10001:10001 /site/odl /site/opnfv /site/onap
echo "three sites are ready"
