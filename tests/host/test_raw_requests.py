"""Raw requests: every front with every application server answers alike, and the app sees the same of each."""

import http.client
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloud_init.host_files import Server

ROWS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("raw_requests.yaml").read_text(encoding="utf-8"))
APP = """
import json

def app(environ, start):
    told = {name: value for name, value in environ.items() if name.isupper() and isinstance(value, str)}
    told["scheme"], told["body"] = environ["wsgi.url_scheme"], environ["wsgi.input"].read().decode("latin-1")
    body = json.dumps(told).encode()
    wide = [(f"X-Wide-{number}", "w" * 5000) for number in range(4)] if environ["PATH_INFO"] == "/wide" else []
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *wide])
    return [body]
"""
BASE = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "QUERY_STRING": "", "REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "shop.example",
    "CONTENT_LENGTH": "", "scheme": "http", "body": "", "HTTP_HOST": "shop.example", "HTTP_X_REAL_IP": "127.0.0.1",
    "HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "http", "HTTP_X_FORWARDED_HOST": "shop.example",
}  # fmt: skip


def filled(text: str) -> str:
    return re.sub(r"<(.)\*(\d+)>", lambda found: found[1] * int(found[2]), text)


def answer(port: int, sent: bytes) -> tuple[int, dict[str, Any], int]:
    """The status, what the app saw (nothing where it wasn't asked) and the bytes of headers that it chose itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(sent)
        got = http.client.HTTPResponse(link)
        got.begin()
        body = got.read()
    seen = json.loads(body) if got.headers["X-Release-Id"] else {}
    return got.status, seen, sum(len(value) for name, value in got.headers.items() if name.lower().startswith("x-wide"))


def relevant(seen: dict[str, str]) -> dict[str, str]:
    """Every header, and what WSGI says of a request; a list's spaces are free (RFC 9110, 5.6.1)."""
    if not seen:
        return {}
    kept = {
        name: re.sub(" *, *", ", ", value)
        for name, value in seen.items()
        if name in (*BASE, "PATH_INFO", "SERVER_PORT") or name[:5] == "HTTP_"
    }
    assert re.fullmatch(r"[\w@-]{20,}", kept.pop("HTTP_X_REQUEST_ID"))
    return {"CONTENT_LENGTH": "", **kept}


def wanted(row: dict[str, Any], front: str, port: int) -> tuple[int, dict[str, str], int]:
    said = {**row, **row["differs"]} if front == "apache" and "differs" in row else row
    status = said.get("status", 200)
    ports = {"HTTP_X_FORWARDED_PORT": str(port), "SERVER_PORT": str(port)}
    seen = {**BASE, **ports, **{name: filled(value) for name, value in said["seen"].items()}} if status == 200 else {}
    return status, seen, said.get("wide", 0)


def test_fronts_differ_in_few_requests_and_for_a_reason() -> None:
    differing = [row["differs"] for row in ROWS if "differs" in row]
    assert len(ROWS) >= 50
    assert len(differing) == 5
    assert all(row["why"] for row in differing)


@pytest.mark.family("raw requests", case="apache-uwsgi")
@pytest.mark.parametrize("server", ["gunicorn", "uwsgi"])
@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_every_pair_answers_alike(make_bench: Any, front: str, server: str) -> None:
    """Only the programs themselves show what they make of a request: one launch for all of them."""
    bench = make_bench()
    assert bench.boot()["ok"]
    verdict = bench.roll(bench.publish(1, Server(server), {"wsgi.py": APP}, kind=front))
    assert verdict.ok, verdict.message
    wrong = []
    for row in ROWS:
        try:
            status, seen, wide = answer(bench.port, filled(row["send"]).encode("latin-1"))
            found: Any = status, relevant(seen), wide
        except (OSError, http.client.HTTPException) as error:
            found = repr(error)
        if found != (right := wanted(row, front, bench.port)):
            wrong.append((row["name"], different(found, right)))
    assert wrong == [], "\n".join(f"{name}: {what}" for name, what in wrong)


def different(found: Any, right: Any) -> Any:
    """What of an answer isn't as wanted, short enough to be read."""
    if isinstance(found, str) or found[0] != right[0]:
        return f"found {found if isinstance(found, str) else found[0]}, wanted {right[0]}"
    names = sorted(name for name in {*found[1], *right[1]} if found[1].get(name) != right[1].get(name))
    return {name: (str(found[1].get(name))[:60], str(right[1].get(name))[:60]) for name in names} or (found[2], right[2])
