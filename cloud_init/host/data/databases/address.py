"""The address of a database that is somewhere else, looked at before anybody connects with it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ...base.outcome import Refused
from .base import OWNER

_EXTERNAL = ("slipway:secretEnv: wanted to reach the external database", "correct that address, or have the database run")
_REACHED = {
    "own-host": ("database host: wanted to reach it", "see `./slipway status` for that host, then run `up` again"),
    "managed": ("managed database: wanted to reach it", "see that it runs and lets this host in, then run `up` again"),
}


@dataclass(frozen=True)
class Login:
    """Who an address is for, and which database."""

    user: str
    password: str
    database: str


def login(url: str) -> Login:
    """Of an address that `checked` let pass."""
    parts = urlsplit(url)
    return Login(unquote(parts.username or ""), unquote(parts.password or ""), unquote(parts.path.lstrip("/")))


def checked(url: str, name: str, schemes: tuple[str, ...]) -> str:
    """The address, if it is one. Never said is what was found: it holds a password."""
    setting = f"slipway:secretEnv.{name}: wanted {schemes[0]}://USER:PASSWORD@HOST:PORT/NAME"
    if not url:
        raise Refused(f"{setting} for the external database, found none; set it with --secret")
    if not _is_address(url):
        raise Refused(f"{setting}, found something else; write special characters of the password as %XX (`/` is %2F)")
    scheme = urlsplit(url).scheme
    if scheme.split("+")[0] not in schemes:
        raise Refused(f"{setting}, found {scheme}://…; correct it, or change slipway:database.engine")
    return url


def shown(url: str) -> str:
    """Who and where, without the password."""
    parts = urlsplit(url)
    return f"{parts.username}@{parts.netloc.rpartition('@')[2]}{parts.path}"


def unreachable(placement: str, role: str, url: str, why: Refused) -> str:
    """The sentence for a database that should be there, at its address for that role."""
    wanted, mend = _REACHED.get(placement, _EXTERNAL)
    whose = "the release command" if role == OWNER else "the app"
    return f"{wanted} as {shown(url)}, which is for {whose}, found: {why}; {mend}"


def _is_address(url: str) -> bool:
    """A password with `/`, `?` or `#` as it is ends the host too early: the rest of it then stands in the path, or behind."""
    try:
        parts = urlsplit(url)
        known = bool(parts.scheme and parts.username and (parts.hostname or parts.query)) and parts.port != 0
    except ValueError:
        return False
    return known and "@" not in parts.path + parts.query + parts.fragment and len(parts.path) > 1
