"""Open-loop load that means something: a fixed rate, kept and new connections, posts, uploads, slow answers; nothing tried again."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Load:
    """Requests to 127.0.0.1:`port` from `start()` to `stop()`, each client on its own timetable whatever the answers take.

    `failed` is anything but 200, the body that was asked for, and the id of a release. `interval`: seconds between a client's requests.
    """

    port: int
    path: str = "/"
    bodies: tuple[str, ...] = ()
    post: str | None = None
    slow: str | None = None
    clients: int = 12
    interval: float = 0.05
    limit: int = 200_000
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    releases: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._client, args=(number,), daemon=True) for number in range(self.clients)]

    def start(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> "Load":
        self._stop.set()
        for thread in self._threads:
            thread.join(40)
        return self

    def __enter__(self) -> "Load":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _client(self, number: int) -> None:
        keep = number % 3 != 0  # a third opens a new connection for each request
        connection: http.client.HTTPConnection | None = None
        due = time.monotonic() + random.uniform(0, self.interval)
        while not self._stop.wait(max(0.0, due - time.monotonic())) and self.sent < self.limit:
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            kept = self._ask(connection, *self._request(number))
            if not (keep and kept):
                connection.close()
                connection = None
            due += random.uniform(0.5, 1.5) * self.interval

    def _request(self, number: int) -> tuple[str, str, bytes | None]:
        if self.slow and number == 1:
            return "GET", self.slow, None
        if self.post and number % 4 == 2:
            return "POST", self.post, random.randbytes(200_000 if number == 2 else 300)
        return "GET", self.path, None

    def _ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None) -> bool:
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            release = answer.headers.get("X-Release-Id", "none")
            problem = self._problem(method, path, body, answer.status, text, release)
            kept = not answer.will_close
        except (OSError, http.client.HTTPException) as error:
            problem, release, kept = f"{method} {path}: {type(error).__name__} {error}", "failed", False
        with self._lock:
            self.sent += 1
            self.releases[release] += 1
            if problem:
                self.failures.append(problem)
        return kept

    def _problem(self, method: str, path: str, body: bytes | None, status: int, text: str, release: str) -> str:
        """What is wrong with an answer, or nothing."""
        wanted = (str(len(body)),) if body is not None else self.bodies if path == self.path else ()
        if status == 200 and release != "none" and (not wanted or text in wanted):
            return ""
        return f"{method} {path}: {status} from {release}: {text[:80]!r}"
