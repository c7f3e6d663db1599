"""Clients that mean ill, all at once, against each front server: who behaves is served meanwhile, and afterwards all is as before."""

import http.client
import resource
import select
import socket
import threading
import time
from typing import Any

import pytest
from faults import record

from cloud_init.host_files import Server

APP = """
import time

def app(environ, start):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(0.3)
    body = b"x" * BIG if path == "/big" else str(len(environ["wsgi.input"].read())).encode() if path == "/take" else b"NUMBER"
    start("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]
"""
# Of an answer that a client doesn't read, nginx keeps what there is in a file; Apache what the kernel's buffers take (2.5 MB).
BIG = {"nginx": 4_000_000, "apache": 900_000}
SECONDS = 8
MAX_BODY = 1_000_000
GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n"


class Crowd:
    """Connections that all do the same; what a connection says each half second is `pace` bytes of `words`. Closed ones come back."""

    def __init__(self, port, count, words, pace=None, read=True):
        self.port, self.count, self.words, self.pace, self.read = port, count, words, pace, read
        self.sent = {}
        self.closed = 0

    def open(self):
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.settimeout(5)
        link.connect(("127.0.0.1", self.port))
        link.setblocking(False)
        self.sent[link] = 0

    def step(self):
        for _ in range(min(50, self.count - len(self.sent))):
            self.open()
        if self.read:
            for link in self.readable():
                self.listen(link)
        for link, sent in list(self.sent.items()):
            self.say(link, sent)

    def readable(self):
        poll = select.poll()
        known = {link.fileno(): link for link in self.sent}
        for number in known:
            poll.register(number, select.POLLIN)
        return [known[number] for number, _ in poll.poll(0)]

    def listen(self, link):
        try:
            data = link.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.lose(link)

    def say(self, link, sent):
        words = self.words[sent : sent + self.pace] if self.pace else self.words[sent:]
        try:
            self.sent[link] = sent + (link.send(words) if words else 0)
        except BlockingIOError:
            return  # its buffer is full: later
        except OSError:
            self.lose(link)

    def lose(self, link):
        self.closed += 1
        del self.sent[link]
        link.close()

    def end(self):
        for link in self.sent:
            link.close()


class Visitor:
    """Who behaves: a new connection for each question, one after the other."""

    def __init__(self, port, path, body):
        self.port, self.path, self.body = port, path, body
        self.asked, self.failures, self.longest = 0, [], 0.0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.wait(0.05):
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=25)
            try:
                connection.request("GET", self.path)
                answer = connection.getresponse()
                found: Any = (answer.status, answer.read().strip())
            except (OSError, http.client.HTTPException) as error:
                found = repr(error)
            connection.close()
            self.asked += 1
            self.longest = max(self.longest, time.monotonic() - began)
            if found != (200, self.body):
                self.failures.append(found)


def crowds(port):
    header = GET % b"" + b"X-A: " + b"a" * 3000
    body = b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"b" * 5000
    return {
        "200 that dribble their headers": Crowd(port, 200, header, pace=2),
        "100 that dribble a body": Crowd(port, 100, body, pace=70),
        "50 that never read a big answer": Crowd(port, 50, GET % b"big" + b"\r\n", read=False),
        "500 that keep idle connections": Crowd(port, 500, GET % b"" + b"\r\n"),
        "40 for 4 threads": Crowd(port, 40, (GET % b"slow" + b"\r\n") * 1000, pace=len(GET % b"slow") + 2),
    }


def status(port, request):
    """The status of a raw request's answer; 0 where the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        try:
            link.sendall(request)
            words = link.recv(65536).split()
        except ConnectionError:
            words = []
    return int(words[1]) if words else 0


def one_by_one(port):
    """What is refused for itself, with what it may be answered."""
    refused = (0, 400, 413, 431)
    yield "a header of 64 kB", status(port, GET % b"" + b"X-A: " + b"a" * 65536 + b"\r\n\r\n"), refused
    yield "a path of 64 kB", status(port, GET % (b"a" * 65536) + b"\r\n"), (0, 400, 414)
    yield "headers of 1 MB", status(port, GET % b"" + (b"X-A: " + b"a" * 8000 + b"\r\n") * 125 + b"\r\n"), refused
    yield "5,000 headers", status(port, GET % b"" + b"".join(b"X-%d: a\r\n" % number for number in range(5000)) + b"\r\n"), refused
    declared = b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    yield "a body declared too large", status(port, declared % (MAX_BODY + 1)), (413,)
    chunked = (
        b"POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"2710\r\n" + b"c" * 10_000 + b"\r\n") * 110
        + b"0\r\n\r\n"
    )
    yield "a body in chunks that grows too large", status(port, chunked), refused
    yield "a chunk of no size", status(port, b"POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), (0, 400)


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.family("overload and abuse", case="nginx")
@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_who_behaves_is_served(make_bench, front):
    bench = make_bench()
    bench.boot()
    app = APP.replace("BIG", str(BIG[front]))
    server = Server("gunicorn", workers=1, threads=4)
    release = bench.publish(1, server, {"wsgi.py": app.replace("NUMBER", "1")}, kind=front, max_body=MAX_BODY)
    assert bench.roll(release).ok
    visitors = [Visitor(bench.port, "/-/live", b"live"), Visitor(bench.port, "/", b"1")]
    everyone = crowds(bench.port)
    for visitor in visitors:
        visitor.thread.start()
    refused = []
    deadline = time.monotonic() + SECONDS
    questions = one_by_one(bench.port)
    while time.monotonic() < deadline:
        for crowd in everyone.values():
            crowd.step()
        refused += [question for question in [next(questions, None)] if question]
        time.sleep(0.3)
    held = {name: len(crowd.sent) for name, crowd in everyone.items()}
    for visitor in visitors:
        visitor.stop.set()
        visitor.thread.join()
    for crowd in everyone.values():
        crowd.end()
    assert [name for name, count in held.items() if count < 0.3 * everyone[name].count] == []  # they were really there
    assert [one for one in refused if one[1] not in one[2]] == []
    assert len(refused) == 7
    for visitor in visitors:
        assert visitor.failures == []
        assert visitor.asked > 1
    # Afterwards all is as before.
    after = Visitor(bench.port, "/", b"1")
    after.thread.start()
    time.sleep(1)
    after.stop.set()
    after.thread.join()
    assert after.failures == []
    assert after.longest < 5
    assert bench.roll(bench.publish(2, server, {"wsgi.py": app.replace("NUMBER", "2")}, kind=front, max_body=MAX_BODY)).ok
    tried = f"{front}: {', '.join(everyone)} ({BIG[front] / 1e6:.1f} MB); at the same time " + ", ".join(name for name, _, _ in refused)
    longest = max(visitor.longest for visitor in visitors)
    idle = everyone["500 that keep idle connections"].closed
    answered = f"who behaves is always answered (the slowest answer took {longest:.1f} s)"
    came = f"{answered}; what is too large is refused; {idle} idle connections are closed; as before afterwards"
    record("abuse", tried, came, sum(visitor.asked for visitor in visitors), 0)
