"""The kinds of values that settings take, each with the sentence a user reads when something else was found."""

import ipaddress
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cronsim import CronSim, CronSimError

from components.settings.schema import Kind, Unwanted, to_number

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_LARGEST = 10**12  # bytes of a request body
_LONGEST = 100_000  # bytes of a command or a variable: Linux hands a process none of 128 KiB or more
_RESERVED_PROCESSES = {"cron", "web", "front", "supervisord", "release"}


def matching(name: str, wanted: str, pattern: str, *refused: str) -> Kind:
    """Text that matches `pattern` as a whole and isn't one of `refused`."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value) or value in refused:
            raise Unwanted
        return value

    return Kind(name, wanted, check)


def _of_text(name: str, wanted: str, valid: Callable[[str], bool]) -> Kind:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not valid(value):
            raise Unwanted
        return value

    return Kind(name, wanted, check)


def _inside(path: str) -> bool:
    """A folder below the app's, never the app's folder itself: that would serve its sources."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path and _bytes(path) <= 1000


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unwanted
    return value


def _network(value: Any) -> str:
    try:
        return str(ipaddress.ip_network(value if isinstance(value, str) else "", strict=False))
    except ValueError:
        raise Unwanted from None


def _is_domain(value: str) -> bool:
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    return len(value) <= 253 and re.fullmatch(rf"({label}\.)+(?=[a-z]){label}", value) is not None


def _python(value: Any) -> str:
    if isinstance(value, float):
        raise Unwanted('a version in quotes such as "3.13" (without them YAML reads a number, and 3.10 becomes 3.1)')
    if not isinstance(value, str) or not re.fullmatch(r"3\.(9|[1-9][0-9])", value):
        raise Unwanted
    return value


def _workers(value: Any) -> Any:
    return value if value == "auto" else to_number(value, 1, 256)


def _size(value: Any) -> int:
    """Bytes; units count in thousands, as nginx's `m` doesn't."""
    words = re.fullmatch(r"([0-9]{1,12}) ?([A-Za-z]{0,2})", str(value)) if isinstance(value, str | int) else None
    if isinstance(value, bool) or words is None:
        raise Unwanted
    unit = words[2].upper() or "B"
    if unit not in _UNITS or int(words[1]) * _UNITS[unit] > _LARGEST:
        raise Unwanted
    return int(words[1]) * _UNITS[unit]


def _written_size(size: int) -> str:
    unit = next(unit for unit in ("GB", "MB", "KB", "B") if size % _UNITS[unit] == 0)
    return f"{size // _UNITS[unit]}{unit}"


def _origin(value: Any) -> str:
    """As browsers send it: small letters."""
    pattern = r"[a-z][a-z0-9+.-]*://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?"
    words = re.fullmatch(pattern, value.lower()) if isinstance(value, str) else None
    if value != "*" and (words is None or len(words[0]) > 300 or not 0 < int(words[3] or 80) < 65536):
        raise Unwanted
    return str(value).lower()


def _environment_value(value: Any) -> str:
    """Text or a whole number. What was found is never shown: people put passwords where they shouldn't."""
    if isinstance(value, bool):
        raise Unwanted(f'text in quotes ("{str(value).lower()}" or "{int(value)}", as the app reads it)', "a boolean")
    if isinstance(value, float):
        raise Unwanted("text in quotes", "a number with a point")
    if isinstance(value, int) and value.bit_length() <= 64:
        value = str(value)
    if not isinstance(value, str):
        raise Unwanted("text in quotes", "nothing" if value is None else f"a {type(value).__name__}")
    if "\0" in value or not _is_utf8(value):
        raise Unwanted("text without NUL that UTF-8 can hold", "text that no environment can hold")
    if len(value.encode()) > _LONGEST:
        raise Unwanted("text of at most 100 kB (a process can't be given more)", f"{len(value.encode()):,} bytes")
    return value


def _command(value: str) -> bool:
    return bool(value.strip()) and _is_utf8(value) and len(value.encode()) <= _LONGEST


def _is_named(value: str) -> bool:
    return bool(value.strip()) and len(value) <= 300


def _schedule(value: str) -> bool:
    """Five fields; the library itself takes a sixth, for seconds, and any script's digits."""
    if not re.fullmatch(r"[0-9A-Za-z*,/#-]+( +[0-9A-Za-z*,/#-]+){4}", value) or len(value) > 200:
        return False
    try:
        return next(CronSim(value, datetime(2000, 1, 1)), None) is not None
    except CronSimError:
        return False


def _bytes(value: str) -> int:
    return len(value.encode(errors="replace"))


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


TARGET = matching("name", "the name of a target (a file in components/targets/, with - for _)", r"[a-z0-9-]+")
APP_NAME = matching("name", "a name of 1 to 31 small letters, digits and hyphens, a letter first", r"[a-z][a-z0-9-]{0,30}")
PATH = _of_text("folder", "a folder, as a path from the project folder", bool)
MODULE = matching(
    "module",
    '"package.module:name", or "package.module:factory()" for a function that makes the app, at most 200 letters',
    r"(?=.{1,200}$)(?a:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(\))?)",
)
PYTHON = Kind("version", 'a version in quotes such as "3.13", from "3.9" on', _python)
URL_CHARACTERS = r"A-Za-z0-9._~!&'()*+,;=:@%-"
HEALTH_PATH = matching(
    "path",
    "a path that starts with / (no query: not every load balancer takes one), other than /-/live, which the front answers",
    rf"(/[{URL_CHARACTERS}]*)+",
    "/-/live",
)
STATIC_URL = matching(
    "URL path",
    "a URL path such as /static: starts with /, ends without one, holds letters, digits, . _ ~ -, no '..', at most 200, and isn't below /-",
    r"(?!/-(/|$))(?=.{1,200}$)(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+",
)
FOLDER = _of_text("folder inside the app", "a folder inside the app's, as a relative path without '..'", _inside)
COMMAND = _of_text("command", "a command on one line, of at most 100 kB", _command)
PROCESS_NAME = matching(
    "name",
    "a name of small letters, digits and hyphens, a letter first, other than " + ", ".join(sorted(_RESERVED_PROCESSES)),
    r"[a-z][a-z0-9-]{0,30}",
    *_RESERVED_PROCESSES,
)
JOB_NAME = matching("name", "a name of small letters, digits and hyphens, a letter first", r"[a-z][a-z0-9-]{0,30}")
SCHEDULE = _of_text(
    "schedule such as 0 3 * * *",
    "five fields such as 0 3 * * * (minute, hour, day of the month, month, day of the week) that some day fits",
    _schedule,
)
ENV_NAME = matching(
    "NAME",
    "a name of letters, digits and _, no digit first, not starting with SLIPWAY_ (those are Slipway's own)",
    r"(?!SLIPWAY_)[A-Za-z_][A-Za-z0-9_]*",
)
ENV_VALUE = Kind("text", "text, or a whole number", _environment_value)
WORKERS = Kind("auto, or number from 1 to 256", "auto or a whole number from 1 to 256", _workers)
SIZE = Kind(
    "size such as 20MB",
    "a size such as 20MB (units B, KB, MB, GB, in thousands; at most 1000GB; 0 is no limit)",
    _size,
    _written_size,
)
ORIGIN = Kind("origin", 'an origin such as https://www.example.com or http://localhost:3000, without a path, or "*"', _origin)
RULE = matching("rule", "the id of a rule such as ssh-closed (docs/policy.md lists them)", r"[a-z0-9]{1,40}(-[a-z0-9]{1,40}){0,9}")
RESOURCE = _of_text("resource", "the name of a resource, or a setting such as app.env.NAME, of at most 300 letters", _is_named)
REASON = _of_text("sentence", "a reason in words, of at most 500 letters", lambda value: bool(value.strip()) and len(value) <= 500)
SWITCH = Kind("`true`, `false`", "true or false", _switch, lambda value: str(value).lower())
ACME = matching(
    "URL",
    "the address of an ACME directory such as https://acme-v02.api.letsencrypt.org/directory, of at most 300 letters",
    r"(?=.{1,300}$)https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]*)*",
)
EMAIL = matching(
    "address", "an e-mail address such as web@example.com", r"(?=.{1,254}$)[A-Za-z0-9][A-Za-z0-9._+-]*@([a-z0-9-]+\.)+[a-z0-9-]+"
)
DOMAIN = _of_text("host name", "a host name in small letters such as www.example.com", _is_domain)
NETWORK = Kind("network", "an address or network, such as 203.0.113.0/24", _network)
