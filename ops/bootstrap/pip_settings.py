"""The user's pip settings (files and PIP_ variables) told to uv, which reads neither."""

import ast
import functools
import os
import re
import subprocess
import sys

_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
_LINE = re.compile(r"^(?P<section>global|install|:env:)\.(?P<key>[a-z-]+)=(?P<value>.+)$")


def for_uv() -> dict[str, str]:
    """This process's environment plus what uv needs; what the user set for uv itself stays."""
    environment = dict(os.environ)
    for key, value in read().items():
        variable = _VARIABLES.get(key)
        if variable:
            environment.setdefault(variable, " ".join(value.split()))
    if "UV_FIND_LINKS" in environment:
        environment["UV_FIND_LINKS"] = ",".join(environment["UV_FIND_LINKS"].replace(",", " ").split())
    if not _cache_is_writable(environment):
        environment["UV_NO_CACHE"] = "1"
    environment.setdefault("UV_PYTHON_DOWNLOADS", "never")
    return environment


def suit_uv() -> bool:
    """uv can be told all of them but this one."""
    return read().get("no-index", "").lower() not in ("1", "true", "yes", "on")


@functools.cache
def read() -> dict[str, str]:
    """pip's settings by name; the environment wins over `install`, that over `global`."""
    found: dict[str, str] = {}
    matches = [match for match in map(_LINE.match, _listing().splitlines()) if match]
    for section in ("global", "install", ":env:"):
        for match in matches:
            if match["section"] == section:
                found[match["key"]] = _value(match["value"])
    return found


def _listing() -> str:
    """`pip config list`, or the PIP_ variables in the same form where this Python has no pip."""
    command = [sys.executable, "-I", "-m", "pip", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout
    variables = ((name[4:].lower().replace("_", "-"), value) for name, value in os.environ.items() if name[:4] == "PIP_")
    return "\n".join(f":env:.{name}={value!r}" for name, value in variables)


def _value(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def _cache_is_writable(environment: dict[str, str]) -> bool:
    """uv keeps its cache below one of these; it fails where it can't write."""
    if environment.get("UV_CACHE_DIR"):
        return True
    place = environment.get("XDG_CACHE_HOME") or environment.get("HOME") or ""
    return bool(place) and os.path.isdir(place) and os.access(place, os.W_OK)
