"""Open-loop load that means something: a fixed rate, kept and new connections, posts, uploads, slow answers; nothing tried again."""

import http.client
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

# What a client sees whose kept connection was closed while it was idle: nothing was answered, and nothing lost that it can't ask again.
CLOSED = " on a kept connection"
# What a client sees that still waited to be accepted when the port was closed: of all that was asked after it nothing was answered either.


class Flip(NamedTuple):
    """What was asked while one release took another's place."""

    name: str
    sent: int
    failed: int
    gap: float
    """The longest time in seconds without a good answer to those who connect anew."""

    def __str__(self) -> str:
        return f"{self.name}: {self.sent} requests meanwhile, {self.failed} failed, longest gap {self.gap:.2f} s"


@dataclass
class Load:
    """Requests to `port` of `hosts`, one host a client, from `start()` to `stop()`; each on its own timetable whatever the answers take.

    `heavy`: where chunked bodies and 5 MB go, twice a second each; `long`: a path that takes long, of which one is always in flight.
    `failed` is anything but 200, the body that was asked for, and the id of a release. `interval`: seconds between a client's requests.
    `name`: what hosts are asked by; None: their addresses.
    """

    port: int
    hosts: tuple[str, ...] = ("127.0.0.1",)
    path: str = "/"
    bodies: tuple[str, ...] = ()
    post: str | None = None
    slow: str | None = None
    heavy: str | None = None
    long: str | None = None
    clients: int = 12
    interval: float = 0.05
    limit: int = 200_000
    tls: ssl.SSLContext | None = None
    name: str | None = None
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    releases: Counter[str] = field(default_factory=Counter)
    flips: list["Flip"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._used: dict[int, bool] = {}
        self._gap, self._well = 0.0, time.monotonic()
        self._threads = [threading.Thread(target=self._client, args=(number,), daemon=True) for number in range(self.clients)]

    def start(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    @contextmanager
    def flip(self, name: str) -> Iterator[None]:
        """Counts what was sent and what failed meanwhile, under this name."""
        sent, failed = self.sent, len(self.failures)
        self._gap, self._well = 0.0, time.monotonic()
        yield
        self._answered()
        self.flips.append(Flip(name, self.sent - sent, len(self.failures) - failed, self._gap))

    def stop(self) -> "Load":
        self._stop.set()
        for thread in self._threads:
            thread.join(40)
        return self

    def __enter__(self) -> "Load":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def lost(self) -> list[str]:
        """The failures, without those of kept connections that were closed: a front server's reload closes those that are idle."""
        return [one for one in self.failures if not one.endswith(CLOSED)]

    def _answered(self) -> None:
        now = time.monotonic()
        self._gap, self._well = max(self._gap, now - self._well), now

    def _client(self, number: int) -> None:
        keep = number % 3 != 0  # a third opens a new connection for each request
        connection: http.client.HTTPConnection | None = None
        due = time.monotonic() + random.uniform(0, self.interval)
        while not self._stop.wait(max(0.0, due - time.monotonic())) and self.sent < self.limit:
            self._used[number] = connection is not None
            connection = connection or self._connection(self.hosts[number % len(self.hosts)])
            pace, method, path, body, chunked = self._request(number)
            kept = self._ask(connection, number, method, path, body, chunked)
            if not (keep and kept):
                connection.close()
                connection = None
            due += random.uniform(0.5, 1.5) * pace

    def _connection(self, host: str) -> http.client.HTTPConnection:
        if self.tls:
            return http.client.HTTPSConnection(host, self.port, timeout=30, context=self.tls)
        return http.client.HTTPConnection(host, self.port, timeout=30)

    def _request(self, number: int) -> tuple[float, str, str, bytes | None, bool]:
        """What that client asks: seconds until its next request, method, path, body, whether it comes in chunks."""
        if self.slow and number == 1:
            return self.interval, "GET", self.slow, None, False
        if self.long and number == 7:
            return self.interval, "GET", self.long, None, False
        if self.heavy and number in (4, 5):
            return 0.5, "POST", self.heavy, random.randbytes(100_000 if number == 4 else 5_000_000), number == 4
        if self.post and number % 4 == 2:
            return self.interval, "POST", self.post, random.randbytes(200_000 if number == 2 else 300), False
        return self.interval, "GET", self.path, None, False

    def _ask(self, connection: http.client.HTTPConnection, number: int, method: str, path: str, body: bytes | None, chunked: bool) -> bool:
        pieces = iter([body[start : start + 9000] for start in range(0, len(body), 9000)]) if chunked and body else body
        try:
            connection.request(method, path, pieces, {"Host": self.name} if self.name else {}, encode_chunked=chunked)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            release = answer.headers.get("X-Release-Id", "none")
            problem = self._problem(method, path, body, answer.status, text, release)
            kept = not answer.will_close
        except (OSError, http.client.HTTPException) as error:
            closed = isinstance(error, (ConnectionError, ssl.SSLEOFError))  # the latter: by TLS, as one writes to it
            where = CLOSED if self._used[number] and closed else ""
            problem, release, kept = f"{method} {path}: {type(error).__name__} {error}{where}", "failed", False
        with self._lock:
            self.sent += 1
            self.releases[release] += 1
            if problem:
                self.failures.append(problem)
            elif not self._used[number] and path == self.path:
                self._answered()
        return kept

    def _problem(self, method: str, path: str, body: bytes | None, status: int, text: str, release: str) -> str:
        """What is wrong with an answer, or nothing."""
        wanted = (str(len(body)),) if body is not None else self.bodies if path == self.path else ()
        if status == 200 and release != "none" and (not wanted or text in wanted):
            return ""
        return f"{method} {path}: {status} from {release}: {text[:80]!r}"
