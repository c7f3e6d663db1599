"""Open-loop load that means something: a fixed rate, kept and new connections, posts, uploads, slow answers; nothing tried again."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Load:
    """Requests to 127.0.0.1:`port` from `start()` to `stop()`. `failed` is anything but 200 from a known kind of release."""

    port: int
    path: str = "/"
    post: str | None = None
    slow: str | None = None
    clients: int = 12
    think: float = 0.02
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
        while not self._stop.is_set() and self.sent < self.limit:
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            kept = self._ask(connection, *self._request(number))
            if not (keep and kept):
                connection.close()
                connection = None
            time.sleep(random.uniform(0, 2 * self.think))

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
            answer.read()
            problem = "" if answer.status == 200 else f"{method} {path}: {answer.status}"
            release = answer.headers.get("X-Release-Id", "none")
            kept = not answer.will_close
        except (OSError, http.client.HTTPException) as error:
            problem, release, kept = f"{method} {path}: {type(error).__name__} {error}", "failed", False
        with self._lock:
            self.sent += 1
            self.releases[release] += 1
            if problem:
                self.failures.append(problem)
        return kept
