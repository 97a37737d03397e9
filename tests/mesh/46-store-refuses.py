# SPDX-License-Identifier: MPL-2.0
"""What ends a node is named: a database that refuses a statement is a bug, 70
and a sentence; files that went away are the disk's matter, 74, and are noticed
when nobody publishes."""
import os
import sqlite3

from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl = m.node("odl/ci-1")
    odl.start()
    odl.publish(artifact(n=1))
    database = os.path.join(odl.dir, "data", "cimesh.db")
    # Somebody else's hand in the database.
    db = sqlite3.connect(database)
    db.execute("ALTER TABLE own RENAME TO gone")
    db.commit()
    try:
        odl.publish(artifact(n=2))
        raise AssertionError("acknowledged without its id")
    except AssertionError:
        raise
    except Exception:
        pass
    assert odl.process.wait(timeout=20) == 70
    odl.process = None
    text = odl.log_text()
    assert "STORAGE-BUG" in text and "no such table" in text and "report" in text, text[-2000:]

    db.execute("ALTER TABLE gone RENAME TO own")
    db.commit()
    db.close()
    odl.start()
    assert len(odl.all()) == 1
    os.rename(database, database + ".away")
    wait("it ends by itself", lambda: odl.process.poll() is not None, 30)
    assert odl.process.returncode == 74
    odl.process = None
    text = odl.log_text()
    assert "STORAGE-FAILED" in text and "deleted or moved" in text, text[-2000:]
    os.rename(database + ".away", database)
    odl.start()
    assert len(odl.all()) == 1
