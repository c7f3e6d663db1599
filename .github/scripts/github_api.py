"""GitHub's API as these scripts need it: standard library only, as runners install nothing."""

import itertools
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

BOT = "github-actions[bot]"
_SECONDS = 30
_PAGE = 100  # GitHub's most


class GitHub:
    """One repository, as the job's own token sees it."""

    def __init__(self, url: str, repository: str, token: str) -> None:
        self.base = f"{url}/repos/{repository}"
        self.token = token

    @classmethod
    def of_this_job(cls) -> "GitHub":
        """What the runner says in the environment."""
        return cls(os.environ["GITHUB_API_URL"], os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_TOKEN"])

    def get(self, path: str) -> Any:
        """What stands at `path`."""
        return json.loads(self._answer("GET", path))

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """The items of a list, page after page."""
        for page in itertools.count(1):
            items = self.get(f"{path}?{urllib.parse.urlencode({**query, 'per_page': _PAGE, 'page': page})}")
            yield from items
            if len(items) < _PAGE:
                return

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Changes something."""
        self._answer(method, path, json.dumps(body).encode())

    def download(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a file."""
        return self._answer("GET", path, limit=limit)

    def _answer(self, method: str, path: str, body: bytes | None = None, limit: int = 20_000_000) -> bytes:
        request = urllib.request.Request(self.base + path, body, {"Accept": "application/vnd.github+json"}, method=method)
        # Not passed on: an artifact's address leads to a server that must not see the token.
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                return bytes(answer.read(limit))
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: wanted 2xx, found {error.code}: {error.read(500).decode(errors='replace')!r}") from error
        except OSError as error:
            raise SystemExit(f"{method} {path}: no answer: {error}") from error
