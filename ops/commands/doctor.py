"""`doctor`: what this machine has and lacks for a stack. Each check is one line, with the command
that mends it."""

import os
import platform
import re
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import typer
from rich.text import Text

from cloud_init.host.base import files
from cloud_init.host.contracts.manifest import Health
from cloud_init.host.rollout import gate
from components.errors import SlipwayError
from components.settings import App
from components.source import find_app
from components.target import Need
from ops import automation
from ops import cli as calls
from ops.display import tables
from ops.stack import engines, workplace
from policy.plan import Resource

OK, WARNING, MISSING = "ok", "warning", "missing"
_STYLES = {OK: "green", WARNING: "yellow", MISSING: "bold red"}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Check:
    """One line of the report. `state` is ok, warning or missing; only the last stops a launch."""

    name: str
    state: str
    detail: str
    mend: str = ""


def doctor(call: calls.InJson) -> None:
    """Check this machine and the settings (3: missing)."""
    done = [*machine(Path.cwd()), *_of_stack(call)]
    rows: list[list[str | Text]] = [[check.name, Text(check.state, _STYLES[check.state]), check.detail, check.mend] for check in done]
    calls.tell(call, [asdict(check) for check in done], tables.table(["check", "state", "found", "to mend it"], rows))
    if any(check.state == MISSING for check in done):
        raise typer.Exit(3)


def _of_stack(call: calls.Call) -> Iterator[Check]:
    """Settings that can't be read are a finding like any other, and the end of the list."""
    yield passphrase(files.read_text(Path(f"Pulumi.{call.stack}.yaml")), os.environ)
    try:
        work = workplace.enter(call)
        yield Check("settings", OK, f"stack {call.stack}, target {work.settings.target}")
        yield from map(need, work.target.needs(work.settings))
    except SlipwayError as error:
        yield Check("settings", MISSING, str(error))
        return
    yield from _tried("plan", lambda: pulumi(engines.foreign(workplace.enter(call, sealed=True)), call.stack))
    yield from _tried("what is launched", lambda: [port(work.deployment().url)])
    yield app_python([Path(sys.executable), Path("/usr/bin/python3"), Path("/usr/local/bin/python3")])
    yield from _tried("app", lambda: [app(work.place.folder, work.settings.app)])


def _tried(name: str, work: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """What `work` finds; what keeps it from looking is a finding too."""
    try:
        yield from work()
    except SlipwayError as error:
        yield Check(name, MISSING, str(error))


def machine(folder: Path) -> Iterator[Check]:
    """Checks that are the same for every stack."""
    yield Check("Python", OK, f"{platform.python_version()}, {sys.base_prefix}")
    yield disk(shutil.disk_usage(folder).free)
    yield writable(folder)
    if workplace.POLICY.exists() and b"slipway" in workplace.POLICY.read_bytes():
        detail = f"{workplace.POLICY}, left by an interrupted installation, keeps services from starting"
        yield Check("services", WARNING, detail, f"sudo rm {workplace.POLICY}")


def pulumi(found: Sequence[Resource], stack: str) -> Iterator[Check]:
    """Checks the Pulumi CLI, where a stack has resources of providers. It fetches its plugins."""
    if not found:
        return
    packages = sorted({one.type.removeprefix("pulumi:providers:").partition(":")[0] for one in found})
    wanted = f"stack {stack} has resources of {', '.join(packages)}"
    if (path := shutil.which("pulumi")) is None:
        yield Check("pulumi up", MISSING, f"{wanted}, and there is no `pulumi` on PATH", automation.HOW)
        return
    yield Check("pulumi up", OK, f"{wanted}; {path}")


def disk(free: int) -> Check:
    """Checks for free space, in bytes: a release with its environment takes some 100 MB."""
    state = MISSING if free < 200e6 else WARNING if free < 1e9 else OK
    return Check("disk", state, f"{tables.size(free)} free", "" if state == OK else "remove what isn't needed: df -h .")


def writable(folder: Path) -> Check:
    """Checks the folders that stack files and .slipway are written to."""
    for place in (folder, folder / ".slipway"):
        if place.exists() and not os.access(place, os.W_OK):
            how = f"sudo chown -R $(id -u) '{place}'"
            return Check("permission", MISSING, f"{place} can't be written", how)
    return Check("permission", OK, f"{folder} can be written")


def app_python(pythons: Sequence[Path]) -> Check:
    """Checks for a Python that another user, who the app may run as, can get at and run."""
    real = [python.resolve() for python in pythons if python.exists()]
    usable = next((python for python in real if _closed_place(python) is None), None)
    if usable:
        return Check("app's Python", OK, f"{usable}, which every user can run")
    detail = f"{real[0]} can't be run by other users ({_closed_place(real[0])} is closed to them)"
    return Check("app's Python", WARNING, detail, "sudo apt-get install -y python3 python3-venv")


def _closed_place(python: Path) -> Path | None:
    places = (python, *python.parents)
    return next((place for place in places if not place.stat().st_mode & stat.S_IXOTH), None)


def passphrase(stack_file: str, environ: Mapping[str, str]) -> Check:
    """Checks that there is the passphrase that secrets in a stack file are encrypted under."""
    if not re.search(r"(?m)^[^#\n]*\bsecure['\"]?\s*:", stack_file):
        return Check("passphrase", OK, "the stack has no secrets")
    if "PULUMI_CONFIG_PASSPHRASE" in environ or environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        return Check("passphrase", OK, "given")
    return Check("passphrase", MISSING, "the stack has secrets", "export PULUMI_CONFIG_PASSPHRASE=…")


def app(folder: Path, settings: App) -> Check:
    """Checks that there is an app to serve. Raises `SlipwayError`."""
    found = find_app(folder / settings.path, settings.module, settings.requirements)
    return Check("app", OK, f"{found.module} in {found.folder}")


def need(one: Need) -> Check:
    """Checks one need of the target on this machine."""
    state = OK if one.present else MISSING if one.required else WARNING
    return Check(one.program, state, one.why, "" if one.present else workplace.install_command(one.packages))


def port(url: str) -> Check:
    """Checks that the port of the app's URL is free on this machine, or the app's already."""
    place = urlsplit(url)
    name, number = str(place.hostname), place.port or (443 if place.scheme == "https" else 80)
    if name not in _LOOPBACK:
        return Check("port", OK, f"{name}:{number} is not on this machine")
    with socket.socket(socket.AF_INET6 if name == "::1" else socket.AF_INET) as probe:
        probe.settimeout(2)
        if probe.connect_ex((name, number)) != 0:
            return Check("port", OK, f"{number} is free")
    way = gate.over_tls(name, number, name) if place.scheme == "https" else gate.over_network(name, number)
    if gate.ask(way, Health(place.path or "/", place.netloc, 0)).release:
        return Check("port", OK, f"{number} is this stack's")
    return Check("port", MISSING, f"{number} is taken by another program", f"ss -ltnp 'sport = :{number}'")
