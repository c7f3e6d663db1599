"""`${database.WORD}` in a value of the app's environment, filled in where the database is known."""

import re
from collections.abc import Mapping

from ..base.outcome import Refused

WORDS = ("url", "driverUrl", "scheme", "host", "port", "name", "user", "password", "socket")
_TEMPLATE = re.compile(r"\$\{database\.([^}]*)\}")


def are_in(value: str) -> bool:
    """Whether there is any in the value."""
    return bool(_TEMPLATE.search(value))


def problem(value: str, has_database: bool) -> str:
    """The sentence about a value that can't be filled in, without what is in it; else empty."""
    found = _TEMPLATE.findall(value)
    if found and not has_database:
        return "wanted a database for ${database.…}, found none; set slipway:database.engine"
    wrong = [word for word in found if word not in WORDS]
    # A wrong word may be anything, of a secret too.
    return f"wanted ${{database.WORD}} with one of {', '.join(WORDS)}, found another word; correct it" if wrong else ""


def filled(environment: Mapping[str, str], words: Mapping[str, str]) -> dict[str, str]:
    """The environment with all filled in. Raises `Refused` for what settings couldn't show."""
    done = {}
    for name, value in environment.items():
        if why := problem(value, bool(words)):
            raise Refused(f"slipway:secretEnv.{name}: {why}")
        done[name] = _TEMPLATE.sub(lambda match: words[match[1]], value)
    return done
