"""Jinja2 over the template files, with one filter for each syntax that a value can land in."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from cloud_init.host_files import HostFileError

FOLDER = Path(__file__).parent / "templates"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def text(name: str) -> str:
    """A template that is used as it is."""
    return (FOLDER / name).read_text(encoding="utf-8")


def render(name: str, **values: Any) -> str:
    """A template with its values; a value that is missing is an error."""
    return _environment().get_template(name).render(**values)


def one_line(value: str) -> str:
    """The value, if it can stand on one line."""
    if _CONTROL.search(value):
        raise HostFileError(f"wanted text on one line without control characters, found {value[:60]!r}")
    return value


def plain(value: str) -> str:
    """The value, if it can stand on one line and is no place-holder of the host's."""
    if "@@" in one_line(value):
        raise HostFileError(f"wanted text without '@@' (it marks a place that the host fills in), found {value[:60]!r}")
    return value


def nginx(value: str) -> str:
    """A quoted nginx word. nginx has no escape for `$` inside one, so a value that holds it is refused."""
    if "$" in plain(value):
        raise HostFileError(f"wanted text without '$' (nginx reads a variable there), found {value[:60]!r}")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def apache_rewrite(value: str) -> str:
    """A quoted word of mod_rewrite's, which splits its lines by itself: it knows no escape. Quotes, `$` and `%` are refused."""
    if re.search('[$%"]', plain(value)):
        raise HostFileError(f"wanted text without '$', '%' and '\"' (Apache's mod_rewrite has no way to write them), found {value[:60]!r}")
    return f'"{value}"'


def apache_prefix(value: str) -> str:
    """A quoted pattern of mod_rewrite's that matches what starts with that text, every letter of it taken as it is."""
    apache_rewrite(value)
    return f'"^{re.escape(value)}"'


def systemd(value: str) -> str:
    """A word of a unit file. Quotes, `%`, `$` and `;` mean something there, and a path or a user's name holds none of them: refused."""
    if not re.fullmatch(r"[\w./@+-]+", plain(value), re.ASCII):
        raise HostFileError(f"wanted a path or a name of letters, digits and . / @ _ + -, found {value[:60]!r}")
    return value


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
    environment.filters |= {
        "nginx": nginx, "apache_rewrite": apache_rewrite, "apache_prefix": apache_prefix, "systemd": systemd, "shell": shell,
    }  # fmt: skip
    return environment
