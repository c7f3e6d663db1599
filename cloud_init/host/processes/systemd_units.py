"""Units of systemd on a server. They hold plain paths and names, all else is refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..base import Places, Refused, processes, template, write

_PLAIN = re.compile(r"[\w./@+=-]+", re.ASCII)


def folder(places: Places) -> Path:
    return places.root / "etc/systemd/system"


def systemctl(*words: str) -> str:
    """Runs systemctl; returns its output. Raises `Refused` with its words."""
    return processes.run("systemctl", "--no-ask-password", *words)


def call(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs systemctl for what may well fail, such as stopping what is not there."""
    return processes.ended("systemctl", "--no-ask-password", *words)


def show(unit: str, *properties: str) -> dict[str, str]:
    """Properties of a unit; of one that systemd doesn't know too."""
    lines = systemctl("show", f"--property={','.join(properties)}", "--", unit).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def rendered(name: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """A template of `managers/` with words, as many as given, at each of its places.

    `@@SANDBOX@@` is another template."""
    package = f"{__package__}.managers"
    text = template(package, name, SANDBOX=template(package, "sandbox.service"))
    for place, value in values.items():
        words = [value] if isinstance(value, str) else value
        for word in words:
            if not _PLAIN.fullmatch(word):
                raise Refused(f"{name}: wanted paths and names of letters, digits and . / @ = _ + - for a unit, found {word[:60]!r}")
        text = text.replace(f"@@{place}@@", " ".join(words))
    return text


def put(places: Places, name: str, text: str) -> bool:
    """Writes a unit; True, and read by systemd, if it changed."""
    changed = write(folder(places) / name, text.encode())
    if changed:
        read_anew(name)
    return changed


def read_anew(name: str) -> None:
    """Has systemd read a changed unit: a new one it finds by itself, to read all takes a while."""
    if show(name, "NeedDaemonReload")["NeedDaemonReload"] == "yes":
        systemctl("daemon-reload")


def drop(places: Places, names: list[str]) -> None:
    """Forgets units that are stopped."""
    for name in names:
        (folder(places) / name).unlink(missing_ok=True)
    if names:
        systemctl("daemon-reload")
        call("reset-failed", *names)
