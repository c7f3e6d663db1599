"""Secrets taken out of whatever is printed, noted or stored to be read: the one place that does so.

`know` is told of each secret where it is read. What an address has before `@` is always masked."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .files import make_way, read_object

MASK = "***"
_SHORTEST = 6  # letters: a shorter value stands in too many sentences
_LONG = 16  # letters: it is in no word by chance
_COMMON = ["development", "disabled", "enabled", "localhost", "production", "staging", "testing", "password", "postgres", "username"]
_IN_ADDRESS = re.compile(r"://[^/\s@'\"]+@")
_SECRET_NAME = re.compile(r"(?i)pass|secret|token|key|sig")

_known: set[str] = set()


def know(value: Any) -> None:
    """Every text in the value is a secret from now on, in all the ways that it can be written."""
    for text in _texts(value):
        _known.update(form for part in _parts(text) for form in _forms(part))
    _pattern.cache_clear()


def know_host(srv: Path) -> None:
    """Knows what this host keeps for its owner alone, without what a release says in public."""
    for path in (*srv.glob("releases/*/*.json"), *srv.glob("data/passwords/*/*.json")):
        with suppress(OSError):  # it went meanwhile, or is another user's
            if not path.stat().st_mode & 0o077:  # before anything is read: each command starts here
                public = read_object(path.with_name("manifest.json")).get("environment", {}).values()
                know([text for text in _texts(read_object(path)) if text not in public])


def forget() -> None:
    """Knows nothing any more: for another run in this process, or one that is to show secrets."""
    _known.clear()
    _pattern.cache_clear()


def masked(text: str) -> str:
    """The text, which may be JSON, with `***` for each secret in it."""
    text = _IN_ADDRESS.sub(f"://{MASK}@", text)
    return _pattern().sub(MASK, text) if _known else text


def append(path: Path, text: str) -> None:
    """Adds the text, masked, to a file that people read. Raises `OSError`."""
    make_way(path)
    with open(path, "a", encoding="utf-8") as file:
        file.write(masked(text))


@cache
def _pattern() -> re.Pattern[str]:
    """The longest first. A short one stands by itself, be it after `\\n`, not within a word."""
    by_itself = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))%s(?![A-Za-z0-9])"
    escaped = ((one, re.escape(one)) for one in sorted(_known, key=len, reverse=True))
    return re.compile("|".join(text if len(one) >= _LONG else by_itself % text for one, text in escaped))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _parts(text: str) -> Iterator[str]:
    """The text, its lines, what JSON says in it, and what is secret in an address."""
    yield from (text, *(line.strip() for line in text.splitlines() if not line.startswith("-----")))
    try:
        for inner in _texts(json.loads(text) if text[:1] in ('"', "{", "[") else []):
            yield from _parts(inner)
        address = urlsplit(text if "://" in text else "")
        pair = f"{address.username}:{address.password}" if address.password else ""
    except (ValueError, RecursionError):
        return
    yield from (pair.partition(":")[2], pair, unquote(pair))
    yield from (value for name, value in parse_qsl(address.query) if _SECRET_NAME.search(name))


def _forms(text: str) -> Iterator[str]:
    """The text as it is, in an address, in JSON, in Python and as base64."""
    if len(text) >= _SHORTEST and text.lower() not in _COMMON:
        for one in (text, unquote(text)):
            yield from (one, quote(one, safe=""), quote(one), json.dumps(one)[1:-1], repr(one)[1:-1])
            yield base64.b64encode(one.encode("utf-8", "replace")).decode().rstrip("=")
