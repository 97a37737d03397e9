# SPDX-License-Identifier: MPL-2.0
"""Figures of running nodes: memory, processor time, how late events are."""
import os

from checker import Store


def rss_mib(node):
    """Resident memory of its process."""
    with open(f"/proc/{node.process.pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_s(node):
    """Processor time it used so far, children not counted."""
    with open(f"/proc/{node.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))] if values else None


def lateness_ms(author, follower, after=0):
    """For each event of the author's with an arrival there beyond `after`: how
    much later the follower had it. Both on this machine, one clock."""
    a, b = Store(author), Store(follower)
    query = ("SELECT log.epoch, event.seq, event.received, event.arrival FROM event JOIN log ON log.id = event.log"
             " JOIN feed ON feed.id = log.feed WHERE feed.node = ?")
    at = {(e, s): r for e, s, r, n in a.db.execute(query, (author.name,)) if n > after}
    late = [r - at[e, s] for e, s, r, _ in b.db.execute(query, (author.name,)) if (e, s) in at]
    a.close()
    b.close()
    return late
