"""Supervisor's configuration on this host, and its section for each program."""

import os
import pkgutil

from ..base.places import Places
from ..base.user import with_port
from .programs import CONSTANT, Program, log_path


def configuration(places: Places) -> str:
    """All of supervisord.conf."""
    values = {
        "RUN": _escaped(str(places.run)),
        "LOG": _escaped(str(places.log)),
        # Said outright, or supervisord warns that it runs as root.
        "SUPERVISOR_USER": "user=root" if os.geteuid() == 0 else "",
    }
    return _fill("supervisord.conf", values) + "".join(section(places, program) for program in CONSTANT)


def section(places: Places, program: Program) -> str:
    """The program's part of Supervisor's configuration."""
    user = getattr(places.facts, program.account) or places.facts.user
    launch = [places.python, "-I", str(places.tool), "--root", str(places.root), "launch", "supervisor"]
    if places.role and not program.as_user:
        launch = [*with_port(str(user)), *launch]
    values = {
        "NAME": program.name,
        "LOG": _escaped(str(log_path(places, program.name))),
        "LAUNCH": " ".join(_quoted(word) for word in launch),
        "AUTORESTART": "true" if program.always else "unexpected",
        "RETRIES": str(program.retries),
        "PRIORITY": str(program.priority),
        "GROUP": str(program.whole_group).lower(),
        "STOPSIGNAL": program.stop_signal,
        "USER": f"user={user}" if user and program.as_user else "",
        "BYTES": "0" if places.role else "10MB",  # on a server logrotate sees to all logs
    }
    return _fill("program.conf", values)


def _fill(template: str, values: dict[str, str]) -> str:
    """A template of `managers/` with its places filled in."""
    text = (pkgutil.get_data(f"{__package__}.managers", template) or b"").decode()
    for name, value in values.items():
        text = text.replace(f"@@{name}@@", value)
    return text


def _escaped(value: str) -> str:
    """Supervisor reads `%` as its own, and ` ;` as a comment: no folder may have the latter."""
    return value.replace("%", "%%")


def _quoted(word: str) -> str:
    return '"' + _escaped(word) + '"' if " " in word else _escaped(word)
