#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# The scenario, over the sockets of the three sites: ODL builds, OPNFV tests a
# baseline of it, ODL and ONAP hear how it went. ONAP never hears ODL: no link.
set -eu
patience=60

on() { # COMMUNITY COMMAND...
    CIMESH_DIR=/nowhere CIMESH_API=/api/$1/api.sock
    export CIMESH_DIR CIMESH_API
    shift
    cimesh "$@"
}
hears() { # COMMUNITY PREFIX: waits for the newest event there
    on "$1" sub "$2" --since all -C 1 -W $patience --template '%{eventId}'
}

build=https://jenkins.example.org/job/$(date +%s)
artifact=$(on odl publish ArtifactCreated projectBranch=master \
    artifactName=opendaylight-1 artifactUrl=$build/odl.tar.gz \
    confidenceLevel.AUTORELEASE=SUCCESS buildUrl=$build)
echo "odl built        $artifact"
hears opnfv odl/ArtifactCreated/
baseline=$(on opnfv publish BaselineDefined baselineName=os-odl-nofeature \
    baselineUrl=$build/baseline consistsOf="$artifact" buildUrl=$build)
echo "opnfv composed   $baseline"
on opnfv publish ConfidenceLevelModified baselineName=os-odl-nofeature \
    baselineUrl=$build/baseline confidenceLevel.OPNFV_ACCEPTANCE=SUCCESS \
    --link "subject=opnfv:$baseline" buildUrl=$build >/dev/null
hears odl opnfv/ConfidenceLevelModified/
hears onap opnfv/ConfidenceLevelModified/
on onap log odl/ | { ! grep . || {
    echo "onap heard odl without a link"
    exit 1
}; }
echo "the scenario went through"
