# SPDX-License-Identifier: MPL-2.0
"""The API as other programs use it: many publishers, streams, problems."""
import json
import os
import stat
import threading

from mesh import Mesh, UnixHTTP, SLOW, artifact


def stream(node, path, **headers):
    conn = UnixHTTP(os.path.join(node.dir, "run", "api.sock"), 60 * SLOW)
    conn.request("GET", path, headers=headers)
    reply = conn.getresponse()
    assert reply.status == 200, reply.read()
    return reply


def problem(node, status, *request):
    got, text = node.http(*request)
    assert got == status, (request, got, text)
    told = json.loads(text)
    assert told["status"] == status and told["detail"] and told["type"].startswith("urn:cimesh:")
    return told


with Mesh() as m:
    node = m.node("odl/ci-1")
    m.start()
    path = os.path.join(node.dir, "run", "api.sock")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660

    # 32 publishers at once, each sending the same ids twice: stored once.
    def publish(i):
        for n in range(10):
            event = artifact(n=i * 100 + n, eventId=f"018f6b2e-7c4d-7a3b-9e5f-{i:06x}{n:06x}")
            first, again = node.publish(event), node.publish(event)
            assert again == [{**first[0], "again": True}], (first, again)
            done.append(first[0]["seq"])

    done = []
    threads = [threading.Thread(target=publish, args=(i,)) for i in range(32)]
    watch = stream(node, "/v1/stream?since=all", Accept="text/event-stream")
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(done) == list(range(1, 321)), len(done)

    # An event stream has them all in order, and goes on where it was left.
    def events(reply, n):
        out = []
        while len(out) < n:
            line = reply.readline().decode()
            if line.startswith("id: "):
                data = reply.readline().decode()
                assert data.startswith("data: ")
                event = json.loads(data[6:])
                assert event["arrival"] == int(line[4:])
                out.append(event)
        return out

    got = events(watch, 320)
    assert [e["seq"] for e in got] == list(range(1, 321))
    watch.close()
    more = stream(node, "/v1/stream", **{"Accept": "text/event-stream", "Last-Event-ID": "300"})
    assert [e["seq"] for e in events(more, 20)] == list(range(301, 321))
    node.publish(artifact(n=9))
    assert events(more, 1)[0]["seq"] == 321
    more.close()

    # Problems say what, where and what to do.
    assert "did you mean" in problem(node, 404, "GET", "/v1/evnts")["hint"]
    assert "there are" in problem(node, 404, "GET", "/v1/events/")["hint"]
    assert problem(node, 400, "GET", "/v1/status?x=1")["hint"] == "/v1/status takes: none"
    assert problem(node, 400, "GET", "/v1/hooks/runs?x=1")["hint"] == \
        "/v1/hooks/runs takes: hook limit"
    assert problem(node, 405, "PUT", "/v1/events", "{}")["hint"] == "use GET, POST"
    problem(node, 400, "GET", "/v1/events?limit=many")
    problem(node, 400, "POST", "/v1/events", "nonsense")
    problem(node, 413, "POST", "/v1/events", json.dumps(artifact()) + "\n" * 40000000)
    problem(node, 415, "POST", "/v1/events", "{}", "text/plain")
    problem(node, 422, "POST", "/v1/events", '{"eventType":"Weather"}')
    bad = problem(node, 422, "POST", "/v1/events",
                  json.dumps(artifact()) + '\n{"eventType":"Weather"}\n', "application/x-ndjson")
    assert bad["index"] == 2
    assert problem(node, 409, "POST", "/v1/events", json.dumps(
        artifact(n=5, eventId="018f6b2e-7c4d-7a3b-9e5f-000000000000")))["index"] == 1

    assert node.get("/livez")[0] == node.get("/readyz")[0] == 200
    assert node.status()["stored"] == 321
    node.reload()
    assert node.stop() == 0
    assert not os.path.exists(path)
