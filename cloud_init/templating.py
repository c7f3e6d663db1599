"""Jinja2 over the template files, with one filter for each syntax that a value can land in."""

import re
import shlex
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from cloud_init.host_files import HostFileError

FOLDER = Path(__file__).parent / "templates"
_REQUIREMENTS = Path(__file__).parents[1] / "requirements"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def text(name: str) -> str:
    """The text of a template without values."""
    return (FOLDER / name).read_text(encoding="utf-8")


def pinned(name: str) -> str:
    """A file of requirements/: exact versions, with the hash of each archive where it has them."""
    return (_REQUIREMENTS / name).read_text(encoding="utf-8")


def render(name: str, **values: Any) -> str:
    """A template filled with values; one that is missing is an error."""
    return _environment().get_template(name).render(**values)


def one_line(value: str) -> str:
    """The value. Raises `HostFileError` for control characters and line breaks."""
    if _CONTROL.search(value):
        raise HostFileError(f"wanted text on one line without control characters, found {value[:60]!r}")
    return value


def plain(value: str) -> str:
    """The value. Raises `HostFileError` as `one_line`, and for `@@`, which the host fills in."""
    if "@@" in one_line(value):
        raise HostFileError(f"wanted text without '@@' (it marks a place that the host fills in), found {value[:60]!r}")
    return value


def nginx(value: str) -> str:
    """A quoted nginx word. nginx has no escape for `$` inside one: refused."""
    if "$" in plain(value):
        raise HostFileError(f"wanted text without '$' (nginx reads a variable there), found {value[:60]!r}")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def apache_rewrite(value: str) -> str:
    """A quoted word for mod_rewrite, which knows no escape: quotes, `$` and `%` are refused."""
    if re.search('[$%"]', plain(value)):
        raise HostFileError(f"wanted text without '$', '%' and '\"' (Apache's mod_rewrite has no way to write them), found {value[:60]!r}")
    return f'"{value}"'


def apache_prefix(value: str) -> str:
    """A quoted pattern for mod_rewrite that matches what starts with the text, taken literally."""
    apache_rewrite(value)
    return f'"^{re.escape(value)}"'


def apache_listen(addresses: Sequence[str]) -> list[str]:
    """Addresses in Apache's way: a port alone is both families, no server is the default."""
    words = [address.split()[0] for address in addresses]
    return [word for word in words if not (word.startswith("[::]:") and word[5:] in words)]


def shell(value: str) -> str:
    """A word of a POSIX shell script."""
    return shlex.quote(one_line(value))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the files are not HTML: every value passes its own syntax's filter
    )
    environment.filters |= {one.__name__: one for one in (nginx, apache_rewrite, apache_prefix, apache_listen, shell)}
    return environment
