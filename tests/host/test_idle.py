"""Two thousand connections that ask nothing: who asks is answered at once, the app and `/-/live`."""

import http.client
import resource
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_init.host_files import LIMITS, Server

COUNT = 2_000
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
KINDS = {"nothing sent": b"", "half a head": HEAD + b"X-A: ", "kept": HEAD + b"\r\n"}


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def status(port: int, path: str) -> int | str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMITS.head_seconds - 5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError as error:
        return repr(error)
    finally:
        connection.close()


def held(port: int, said: bytes) -> Iterator[socket.socket]:
    """Connections that say that and no more; those that ask have their answer."""
    for number in range(COUNT):
        link = socket.create_connection(("127.0.0.1", port), timeout=20)
        link.sendall(said)
        if said.endswith(b"\r\n\r\n"):
            assert link.recv(65536).startswith(b"HTTP/1.1 200")
        elif number % 100 == 99:
            time.sleep(0.1)  # a crowd, not a flood: its connections are taken before the next ones come
        yield link


@pytest.mark.family("idle connections", case="apache")
@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_idle_connections_hold_nobody_up(make_bench: Any, front: str) -> None:
    """Only the program shows how many it carries. A question gives up before one of them does."""
    bench = make_bench()
    assert bench.boot()["ok"]
    verdict = bench.roll(bench.publish(1, Server("gunicorn", workers=1), kind=front))
    assert verdict.ok, verdict.message
    for kind, said in KINDS.items():
        links = list(held(bench.port, said))
        answers = [status(bench.port, path) for _ in range(10) for path in ("/-/live", "/")]
        for link in links:
            link.close()
        assert answers == [200] * 20, kind
        assert len(links) == COUNT
