"""Secrets taken out of whatever is printed, noted or stored to be read: the one place that does so.

`know` is told of each secret where it is read. What stands in an address before `@` is masked
without being known.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

MASK = "***"
_SHORTEST = 6  # letters: a shorter value stands in too many other words
_LONG = 16  # letters: it is in no word by chance
_COMMON = frozenset(
    [
        "default",
        "develop",
        "development",
        "disabled",
        "enabled",
        "localhost",
        "production",
        "staging",
        "testing",
        "password",
        "postgres",
        "postgresql",
        "username",
        "warning",
    ]
)
_IN_ADDRESS = re.compile(r"://[^/\s@'\"]+@")
_SECRET_NAME = re.compile(r"(?i)pass|secret|token|key|sig")

_known: set[str] = set()


def know(value: Any) -> None:
    """Every text in the value is a secret from now on, in all the ways that it can be written."""
    before = len(_known)
    for text in _texts(value):
        _known.update(form for part in _parts(text) for form in _forms(part))
    if len(_known) != before:
        _pattern.cache_clear()


def know_host(srv: Path) -> None:
    """Knows what this host keeps for its owner alone, without what a release says in public."""
    found: list[str] = []
    for path in (*srv.glob("releases/*/*.json"), *srv.glob("data/passwords/*/*.json")):
        try:
            if not path.stat().st_mode & 0o077:
                public = _read(path.with_name("manifest.json")).get("environment", {}).values()
                found += (text for text in _texts(_read(path)) if text not in public)
        except OSError:
            continue  # it went meanwhile, or is another user's
    know(found)


def forget() -> None:
    """Knows nothing any more: for another run in this process, or one that is to show secrets."""
    _known.clear()
    _pattern.cache_clear()


def masked(text: str) -> str:
    """The text with `***` for each secret in it."""
    text = _IN_ADDRESS.sub(f"://{MASK}@", text)
    return _pattern().sub(MASK, text) if _known else text


def clean(value: Any) -> Any:
    """The value with every text in it masked, for JSON: its escapes would hide a secret."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: clean(one) for name, one in value.items()}
    return [clean(one) for one in value] if isinstance(value, (list, tuple)) else value


@cache
def _pattern() -> re.Pattern[str]:
    """The longest first. A short one stands by itself, be it after `\\n`, not within a word."""
    by_itself = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))%s(?![A-Za-z0-9])"
    escaped = ((one, re.escape(one)) for one in sorted(_known, key=len, reverse=True))
    return re.compile("|".join(text if len(one) >= _LONG else by_itself % text for one, text in escaped))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _parts(text: str) -> Iterator[str]:
    """The text, its lines, and what is secret in an address."""
    yield from (text, *(line.strip() for line in text.splitlines() if not line.startswith("-----")))
    try:
        address = urlsplit(text if "://" in text else "")
        user, password = address.username or "", address.password or ""
    except ValueError:
        return
    if password:
        yield from (password, f"{user}:{password}", f"{unquote(user)}:{unquote(password)}")
    yield from (value for name, value in parse_qsl(address.query) if _SECRET_NAME.search(name))


def _forms(text: str) -> Iterator[str]:
    """As it is, in an address, in JSON, in Python and as base64."""
    if len(text) < _SHORTEST or text.lower() in _COMMON:
        return
    for one in (text, unquote(text)):
        yield from (one, quote(one, safe=""), quote(one), json.dumps(one)[1:-1], repr(one)[1:-1])
        yield base64.b64encode(one.encode("utf-8", "replace")).decode().rstrip("=")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
