"""Sets a bare server up: users, folders, host.json, the unit that follows the store."""

from __future__ import annotations

import grp
import os
import pkgutil
import pwd
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from .. import compiled, contracts
from ..base.files import read_object, write, write_json
from ..base.outcome import Refused, Steps, emit, note
from ..contracts.facts import Boot, FrontFacts, HostFacts
from ..processes import units

USERS = ("slipway-app", "slipway-db")
PORT = 80
UNIT = "slipway.service"
_APP = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)


def command(root: Path) -> int:
    """Returns the exit status once the unit follows the store. Raises `Refused`."""
    steps = Steps()
    with steps.step("setup"):
        _refuse_machine()
        facts = _facts(_boot(root))
        _refuse_another(read_object(root / "etc/slipway/host.json"), facts)
        for user in USERS:
            _add_user(user)
        changed = install(root, facts)
    with steps.step("follow"):
        _run(["systemctl", "enable", "--quiet", "--no-reload", UNIT])
        _run(["systemctl", "restart" if changed else "start", UNIT])
    emit("outcome", ok=True, steps=steps.done)
    return 0


def install(root: Path, facts: HostFacts | None = None) -> bool:
    """Writes host.json, start script and unit as this tool has them; True if one changed."""
    facts = facts or _facts(_boot(root))
    for folder in ("opt/slipway", "etc/slipway", "srv/slipway", "var/lib/slipway"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder).chmod(0o755)
    compiled.make(root / "opt/slipway/host.pyz")
    changed = write_json(root / "etc/slipway/host.json", contracts.document(facts))
    changed |= write(root / "opt/slipway/start.sh", _text("start.sh"), 0o755)
    unit = write(root / "etc/systemd/system" / UNIT, _text(UNIT).replace(b"@@PYTHON@@", sys.executable.encode()))
    if unit:
        units.read_anew(UNIT)
    return changed or unit


def _boot(root: Path) -> Boot:
    path = root / "etc/slipway/boot.json"
    try:
        boot = contracts.read(Boot, read_object(path))
    except contracts.Wrong as wrong:
        raise Refused(f"{path}: wanted what this server is, found none or a damaged file ({wrong}); run the bootstrap again") from None
    if not _APP.fullmatch(boot.app):
        raise Refused(f"{path}: wanted an app's name of letters, digits and -, found {boot.app[:60]!r}")
    return boot


def _facts(boot: Boot) -> HostFacts:
    """The facts for host.json, without programs: those come with releases, and are looked for."""
    return HostFacts(
        app=boot.app,
        stack=boot.stack,
        role=boot.role,
        host=(boot.name or "").replace("{host}", socket.gethostname().partition(".")[0]) or socket.gethostname(),
        run=f"/run/slipway/{boot.app}",
        user=USERS[0],
        database_user=USERS[1],
        python="/usr/bin/python3",
        store=boot.store,
        front=FrontFacts(("0.0.0.0", PORT)),
    )


def _refuse_another(before: dict[str, Any], facts: HostFacts) -> None:
    """Raises `Refused` for a server of another app, stack or role."""
    names = ("app", "stack", "role")
    if before and any(before.get(name) != getattr(facts, name) for name in names):
        held, wanted = (", ".join(f"{name} {values.get(name)}" for name in names) for values in (before, contracts.document(facts)))
        raise Refused(f"/etc/slipway/host.json: wanted {wanted}, found this server set up for {held}; take another server")


def _add_user(name: str) -> None:
    """A system user without a shell, with a group of its own."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        _run(["useradd", "--system", *_group(name), "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name])
        note(f"user {name} is made")


def _group(name: str) -> list[str]:
    try:
        return ["--gid", grp.getgrnam(name).gr_name]
    except KeyError:
        return ["--user-group"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        raise Refused(f"{' '.join(command)}: ended with {done.returncode} ({said}); mend that, it is tried again")


def _text(name: str) -> bytes:
    return pkgutil.get_data(__package__, name) or b""


def _refuse_machine() -> None:
    if os.geteuid() != 0 or not Path("/run/systemd/system").is_dir():
        raise Refused("setup: wanted root on a machine that systemd runs, found another; use a server with Debian or Ubuntu")
