"""The Debian package of what a failed build or import says that it lacks (debian.txt)."""

from __future__ import annotations

import pkgutil
import re

_LACKED = (
    r"([\w/+.-]+\.h): No such file",
    r"([\w+.-]+\.so[\w.]*): cannot open shared object",
    r"cannot load library '([\w+.-]+)'",
    r"[Ff]ailed to find (lib\w+)",
    r"Unable to find (\w+) shared library",
    r'no library called "([\w.-]+)"',
    r"could not be found for (\w+)",
    r"make sure the (libxml2) and",
    r"Specify (MYSQLCLIENT_CFLAGS)",
    r"command '([\w+.-]+)' failed: No such file",
    r"No such file or directory: '([\w+.-]+)'",
    r"(?:find command|not find(?! command)) '?([\w+.-]+)",
    r"([\w+.-]+)(?: executable|: command|:) not found",
)


def hint(words: str) -> str:
    """What to do about the first of it that the words name, as `; add …`; empty without any."""
    rows = dict(line.split() for line in (pkgutil.get_data(__package__, "debian.txt") or b"").decode().splitlines() if line[0] != "#")
    for pattern in _LACKED:
        for found in re.finditer(pattern, words):
            name = found[1]
            if package := rows.get(name) or rows.get(name.lower()):
                return f"; {name} is in the Debian package {package}: add it to slipway:app.packages"
            if ".so" in name:
                return f"; {name} is a library of the system: add its Debian package to slipway:app.packages (`apt-file search {name}`)"
    return ""
