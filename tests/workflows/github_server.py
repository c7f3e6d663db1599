"""GitHub's API as far as the scripts ask it: a real server on the loopback that keeps comments and issues, and records every call."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"login": "github-actions[bot]", "type": "Bot"}
REPOSITORY = "me/shop"


class State:
    """What the repository holds, and what was asked: `calls` are (method, path), `changes` those that were not GET, with their bodies."""

    def __init__(self) -> None:
        self.pulls: list[dict[str, Any]] = []
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.issues: list[dict[str, Any]] = []
        self.artifacts: list[dict[str, Any]] = []
        self.branches: dict[str, str] = {}
        self.archive = b""
        self.calls: list[tuple[str, str]] = []
        self.changes: list[tuple[str, str, dict[str, Any]]] = []
        self.tokens_at_storage: list[str | None] = []
        self.failing: dict[str, int] = {}
        self.storage = ""
        self.filters = True
        self._id = 100

    def new_id(self) -> int:
        self._id += 1
        return self._id

    def comment(self, number: int, body: str, user: dict[str, str] = BOT) -> dict[str, Any]:
        made = {"id": self.new_id(), "body": body, "user": user}
        self.comments.setdefault(number, []).append(made)
        return made

    def issue(self, title: str, body: str, user: dict[str, str] = BOT, **more: Any) -> dict[str, Any]:
        made = {"number": self.new_id(), "title": title, "body": body, "user": user, "state": "open", **more}
        self.issues.append(made)
        return made

    def get(self, path: str, query: dict[str, str]) -> Any:
        match path.removeprefix(f"/repos/{REPOSITORY}/").split("/"):
            case ["pulls"]:
                owner, _, branch = query["head"].partition(":")
                state = [one for one in self.pulls if one["state"] == query["state"]]
                wanted = [one for one in state if not self.filters or (one["head"]["user"], one["head"]["ref"]) == (owner, branch)]
                return _page(wanted, query)
            case ["pulls", number]:
                return next(one for one in self.pulls if one["number"] == int(number))
            case ["issues", number, "comments"]:
                return _page(self.comments.get(int(number), []), query)
            case ["issues"]:
                wanted = [one for one in self.issues if one["state"] == query["state"] and one["user"]["login"] == query["creator"]]
                return _page(wanted, query)
            case ["git", "ref", "heads", branch]:
                return {"object": {"sha": self.branches[branch]}}
            case ["actions", "runs", _, "artifacts"]:
                return {"artifacts": [one for one in self.artifacts if one["name"] == query["name"]]}
        raise KeyError(path)

    def change(self, method: str, path: str, body: dict[str, Any]) -> Any:
        self.changes.append((method, path.removeprefix(f"/repos/{REPOSITORY}"), body))
        match method, *path.removeprefix(f"/repos/{REPOSITORY}/").split("/"):
            case "POST", "issues", number, "comments":
                return self.comment(int(number), body["body"])
            case "PATCH", "issues", "comments", number:
                found = next(one for some in self.comments.values() for one in some if one["id"] == int(number))
                return found.update(body)
            case "POST", "issues":
                return self.issue(**body)
            case "PATCH", "issues", number:
                return next(one for one in self.issues if one["number"] == int(number)).update(body)
        raise KeyError(path)


def _page(items: list[Any], query: dict[str, str]) -> list[Any]:
    size = int(query["per_page"])
    start = (int(query["page"]) - 1) * size
    return items[start : start + size]


class _Handler(BaseHTTPRequestHandler):
    @property
    def state(self) -> State:
        return self.server.state  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/storage":
            self.state.tokens_at_storage.append(self.headers["Authorization"])
            return self._answer(200, self.state.archive)
        if self._refused():
            return None
        if parts.path.endswith("/zip"):
            self.send_response(302)
            self.send_header("Location", self.state.storage)
            return self.end_headers()
        query = {key: values[0] for key, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
        return self._answer(200, json.dumps(self.state.get(parts.path, query)).encode())

    def _change(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._refused():
            self._answer(200, json.dumps(self.state.change(self.command, urlsplit(self.path).path, body)).encode())

    do_POST = do_PATCH = _change  # noqa: N815

    def _refused(self) -> bool:
        """Without its token, or because the test wants it."""
        self.state.calls.append((self.command, self.path))
        code = 401 if self.headers["Authorization"] != "Bearer t0ken" else self.state.failing.get(self.command, 0)
        if code:
            self._answer(code, b'{"message": "no"}')
        return bool(code)

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(state: State) -> Iterator[str]:
    """The API's address. Archives are at another one, as they are for real."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.state = state  # type: ignore[attr-defined]
    state.storage = f"http://localhost:{server.server_port}/storage"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
