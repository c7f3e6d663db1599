"""What a field of the input may hold: each rule says it in words and reads the value to keep."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import select

from .database import db
from .models import Entry

T = TypeVar("T")

BIGGEST = 2**31 - 1  # of an INTEGER in PostgreSQL and MySQL
EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+")


class Unwanted(ValueError):
    """Raised by a reader; the words are the rule's."""


@dataclass(frozen=True)
class Rule(Generic[T]):
    """`read` returns the value, or raises ValueError where it is not as `wanted`."""

    wanted: str
    read: Callable[[Any], T]


def text(longest: int, *, lines: bool = False) -> Rule[str]:
    """Text without surrounding space or control characters: PostgreSQL stores no NUL."""
    controls = "\n\r\t" if lines else ""

    def read(value: object) -> str:
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= longest:
            raise Unwanted
        cleaned = value.strip()
        if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in controls for letter in cleaned):
            raise Unwanted
        return cleaned

    return Rule(f"text of 1 to {longest} characters{'' if lines else ' on one line'}", read)


def pattern(expression: str, wanted: str) -> Rule[str]:
    """Text that the whole expression matches."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(expression, value, re.ASCII):
            raise Unwanted
        return value

    return Rule(wanted, read)


def email() -> Rule[str]:
    """Loose: only a message tells whether an address works. Small letters show duplicates."""

    def read(value: object) -> str:
        address = text(254).read(value).lower()
        if not EMAIL.fullmatch(address):
            raise Unwanted
        return address

    return Rule("an address such as ada@example.org", read)


def web_address() -> Rule[str]:
    """Only http and https: the home page links to it, and a `javascript:` link would run."""

    def read(value: object) -> str:
        address = text(500).read(value)
        parts = urlsplit(address)  # raises ValueError itself for `https://[`
        if parts.scheme not in {"http", "https"} or not 1 <= len(parts.hostname or "") <= 253 or " " in address:
            raise Unwanted
        return address

    return Rule("an address such as https://videos.example/42, up to 500 characters", read)


def whole(least: int, most: int) -> Rule[int]:
    """A whole number in JSON. `true` is none, though Python counts it as 1."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Unwanted
        return value

    return Rule(f"a whole number from {least} to {most}", read)


def written(kind: Callable[[str], T], least: int, most: int) -> Rule[T]:
    """A number written as text, as in a query. Comparing this way round turns NaN away too."""

    def read(value: str) -> T:
        number: Any = kind(value)
        if not least <= number <= most:
            raise Unwanted
        return kind(value)

    return Rule(f"a{' whole' if kind is int else ''} number from {least} to {most}", read)


def id_of(model: type[Entry], name: str) -> Rule[int]:
    """The id of a row that exists."""

    def read(value: object) -> int:
        key = whole(1, BIGGEST).read(value)
        if db.session.scalar(select(model.id).where(model.id == key)) is None:
            raise Unwanted
        return key

    return Rule(f"the id of a {name} that exists", read)
