#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What is past retention goes soon, however much it is, and status says so."""
from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl = m.node("odl/ci-1")
    m.start()
    for i in range(0, 5000, 1000):
        odl.publish(*[artifact(n=n) for n in range(i, i + 1000)])
    assert odl.status()["stored"] == 5000
    odl.stop()
    odl.extra = 'store\n    keep-size = "64K"\n'
    odl.configure()
    odl.start()
    # A purge takes some hundred events at most; the next one does not wait a minute.
    wait("the old ones are gone", lambda: odl.status()["stored"] == len(odl.all()) < 400)
    left = odl.all()
    assert left[-1]["artifactUrl"].endswith("/4999.zip"), left[-1]
