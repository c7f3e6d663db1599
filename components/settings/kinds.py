"""The kinds of values that settings take, each with the words for what was wanted."""

import ast
import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StrictBool, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cloud_init.host.contracts.manifest import DOMAIN_NAME

WANTED = "wanted"
"""The type of a pydantic error made by `refusal`."""

BOOT: JsonDict = {"boot": True}
"""`json_schema_extra` of a target's option that boot data may depend on: image, size, region."""

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_LARGEST = 10**12  # bytes of a request body
_LONGEST = 100_000  # bytes of a command or a variable: Linux hands a process none of 128 KiB or more
_RESERVED_PROCESSES = {"cron", "web", "front", "supervisord", "release"}


class Model(BaseModel):
    """A section of the settings: camelCase in YAML, frozen, no unknown keys. So are `Options`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_default=True)


def setting(default: Any, description: str) -> Any:
    """A field of a `Model` that may be left out."""
    return Field(default=default, description=description)


def refusal(wanted: str, found: str = "") -> PydanticCustomError:
    """An error of these words. `found` is for a value that can't or mustn't be shown."""
    return PydanticCustomError(WANTED, "{wanted}", {"wanted": wanted, "found": found})


@dataclass(frozen=True)
class Kind:
    """One kind of value, used as `Annotated[type, Kind(…)]`.

    `name` is for the table of settings, `wanted` for errors. `check` takes what the stack file has
    and gives what settings hold, or raises `ValueError`, or a `refusal` with words of its own."""

    name: str
    wanted: str
    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: Any) -> Any:
        try:
            return self.check(value)
        except PydanticCustomError:
            raise
        except ValueError:
            raise refusal(self.wanted) from None


def string(value: Any) -> str:
    """The value if it is text; raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError
    return value


def text(name: str, wanted: str, valid: Callable[[str], object]) -> Kind:
    """Text for which `valid` says so."""

    def check(value: Any) -> str:
        if not valid(string(value)):
            raise ValueError
        return str(value)

    return Kind(name, wanted, check)


def matching(name: str, wanted: str, pattern: str, *refused: str) -> Kind:
    """Text that matches `pattern` as a whole and isn't one of `refused`."""
    return text(name, wanted, lambda value: value not in refused and re.fullmatch(pattern, value))


def number(low: int, high: int, unit: str = "") -> Kind:
    """A whole number from `low` to `high`, both included; digits in quotes do as well."""
    wanted = f"a whole number from {low} to {high}" + (f" ({unit})" if unit else "")
    return Kind(wanted.removeprefix("a whole "), wanted, lambda value: _number(value, low, high))


def _number(value: Any, low: int, high: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(high)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError
    return value


def is_module(value: str) -> bool:
    """A module and a name in it; what a factory is called with is literal."""
    if not re.fullmatch(_MODULE_NAME, value) or not value.isprintable():
        return False
    try:
        call = ast.parse(value.partition(":")[2], mode="eval").body
        if isinstance(call, ast.Call):
            _ = [ast.literal_eval(one) for one in (*call.args, *(one.value for one in call.keywords))]
            return isinstance(call.func, ast.Name | ast.Attribute) and all(one.arg for one in call.keywords)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _folder(value: Any) -> str:
    """A folder below the app's, never the app's folder itself: that would serve its sources. In one
    spelling, as each is one folder on a host."""
    path = os.path.normpath(string(value))
    if path == "." or path[0] == "/" or ".." in value.split("/") or "\\" in path or len(path.encode(errors="replace")) > 1000:
        raise ValueError
    return path


def _network(value: Any) -> str:
    return str(ipaddress.ip_network(string(value), strict=False))


def _proxies(value: Any) -> str:
    if (network := _network(value)).endswith("/0"):  # whoever asks could say any address
        raise ValueError
    return network


def _python(value: Any) -> str:
    if isinstance(value, float):
        raise refusal('a version in quotes such as "3.13" (without them YAML reads a number, and 3.10 becomes 3.1)')
    if not re.fullmatch(r"3\.(9|[1-9][0-9])", string(value)):
        raise ValueError
    return str(value)


def _size(value: Any) -> int:
    """Bytes. Units count in thousands; pydantic's `ByteSize` would take `20 MiB` and `true` too."""
    words = re.fullmatch(r"([0-9]{1,12}) ?([kmg]?b|)", str(value), re.IGNORECASE | re.ASCII) if type(value) in (str, int) else None
    size = int(words[1]) * _UNITS[words[2].upper() or "B"] if words else _LARGEST + 1
    if size > _LARGEST:
        raise ValueError
    return size


def _origin(value: Any) -> str:
    """In small letters, as browsers send it."""
    origin = string(value).lower()
    words = re.fullmatch(r"[a-z][a-z0-9+.-]*://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", origin)
    if origin != "*" and (words is None or len(origin) > 300 or not 0 < int(words[3] or 80) < 65536):
        raise ValueError
    return origin


def _environment_value(value: Any) -> str:
    """Text or a whole number, never shown: people put passwords where they shouldn't."""
    if isinstance(value, bool):
        raise refusal(f'text in quotes ("{str(value).lower()}" or "{int(value)}", as the app reads it)', "a boolean")
    if isinstance(value, int) and value.bit_length() <= 64:
        value = str(value)
    if not isinstance(value, str):
        raise refusal("text in quotes", "nothing" if value is None else f"a {type(value).__name__}")
    if "\0" in value or not _is_utf8(value):
        raise refusal("text without NUL that UTF-8 can hold", "text that no environment can hold")
    if len(value.encode()) > _LONGEST:
        raise refusal("text of at most 100 kB (a process can't be given more)", f"{len(value.encode()):,} bytes")
    return value


def _is_utf8(value: str) -> bool:
    return not re.search("[\ud800-\udfff]", value)


def _schedule(value: str) -> bool:
    """Five fields; the library itself takes a sixth, for seconds, and any script's digits."""
    if not re.fullmatch(r"[0-9A-Za-z*,/#-]+( +[0-9A-Za-z*,/#-]+){4}", value) or len(value) > 200:
        return False
    try:
        return next(CronSim(value, datetime(2000, 1, 1)), None) is not None
    except CronSimError:
        return False


TARGET = matching("name", "the name of a target (a file in components/targets/, with - for _)", r"[a-z0-9-]+")
_NAME = r"[a-z][a-z0-9-]{0,30}"
APP_NAME = matching("name", "a name of 1 to 31 small letters, digits and hyphens, a letter first", _NAME)
_MODULE_NAME = r"(?=.{1,200}$)(?a:(\w[\w.-]*/)*[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\(.*\))?)"
MODULE_WORDS = '"package.module:name", or "package.module:factory()" for a function that makes the app'
PATH = text("folder", "a folder, as a path from the project folder", bool)
FILE = text("file", "a file, as a path from the project folder", bool)
MODULE = text("module", f"{MODULE_WORDS}, at most 200 letters", is_module)
PYTHON = Kind("version", 'a version in quotes such as "3.13", from "3.9" on', _python)
URL_CHARACTERS = r"A-Za-z0-9._~!&'()*+,;=:@%-"
HEALTH_PATH = matching(
    "path",
    "a path that starts with / (no query: not every load balancer takes one), other than /-/live, which the front answers",
    rf"(/[{URL_CHARACTERS}]*)+",
    "/-/live",
)
HEALTH_HOST = matching(
    "host name", "a host name such as shop.example or localhost:8080", r"(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?"
)
STATIC_URL = matching(
    "URL path",
    "a URL path such as /static: starts with /, ends without one, holds letters, digits, . _ ~ -, no '..', at most 200, and isn't below /-",
    r"(?!/-(/|$))(?=.{1,200}$)(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+",
)
FOLDER = Kind("folder inside the app", "a folder inside the app's, as a relative path without '..'", _folder)
REQUIREMENTS = matching(
    "file in the app's folder",
    "a file in the app's folder such as requirements/prod.txt, or one with extras or groups such as pyproject.toml[web,prod]",
    r"(?=.{1,300}$)[^/\[\]~][^\[\]]*(\[[A-Za-z0-9][\w., -]*\])?",
)
PACKAGE = matching("Debian package", "the name of a Debian package such as libpq5", r"[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+]")
COMMAND = text(
    "command",
    "a command on one line, of at most 100 kB",
    lambda value: value.strip() and _is_utf8(value) and len(value.encode()) <= _LONGEST,
)
PROCESS_NAME = matching(
    "name",
    "a name of small letters, digits and hyphens, a letter first, other than " + ", ".join(sorted(_RESERVED_PROCESSES)),
    _NAME,
    *_RESERVED_PROCESSES,
)
JOB_NAME = matching("name", "a name of small letters, digits and hyphens, a letter first", _NAME)
SCHEDULE = text(
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
WORKERS = Kind(
    "auto, or number from 1 to 256",
    "auto or a whole number from 1 to 256",
    lambda value: value if value == "auto" else _number(value, 1, 256),
)
SIZE = Kind("size such as 20MB", "a size such as 20MB (units B, KB, MB, GB, in thousands; at most 1000GB; 0 is no limit)", _size)
ORIGIN = Kind("origin", 'an origin such as https://www.example.com or http://localhost:3000, without a path, or "*"', _origin)
RULE = matching("rule", "the id of a rule such as ssh-closed (docs/policy.md lists them)", r"[a-z0-9]{1,40}(-[a-z0-9]{1,40}){0,9}")
RESOURCE = matching(
    "resource", "the name of a resource, or a setting such as app.env.NAME, of at most 300 letters", r"(?s)(?=\s*\S).{1,300}"
)
REASON = matching("sentence", "a reason in words, of at most 500 letters", r"(?s)(?=\s*\S).{1,500}")
EXTENSION = matching("extension", "the name of an extension such as pg_trgm", r"[a-z][a-z0-9_-]{0,62}")
SWITCH = Kind(
    "`true`, `false`",
    "true or false",
    # `config set` writes text.
    lambda value: TypeAdapter(StrictBool).validate_python({"true": True, "false": False}.get(str(value), value)),
)
ACME = matching(
    "URL",
    "the address of an ACME directory such as https://acme-v02.api.letsencrypt.org/directory, of at most 300 letters",
    r"(?=.{1,300}$)https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]*)*",
)
EMAIL = matching(
    "address", "an e-mail address such as web@example.com", r"(?=.{1,254}$)[A-Za-z0-9][A-Za-z0-9._+-]*@([a-z0-9-]+\.)+[a-z0-9-]+"
)
DOMAIN = matching("host name", "a host name in small letters such as www.example.com", DOMAIN_NAME)
PROXIES = Kind("network", "an address or network of proxies, such as 203.0.113.0/24, not of everybody", _proxies)
LOGIN = matching("name", "a name of letters, digits and . _ @ -, at most 64", r"[A-Za-z0-9._@-]{1,64}")
TLS_SECRET = matching("`key`", "key, which is all that is secret of a certificate", "key")
REGISTRY_SECRET = matching("`user`, `password`", "user or password, which are all that a registry asks for", "user|password")
NETWORK = Kind("network", "an address or network, such as 203.0.113.0/24", _network)
