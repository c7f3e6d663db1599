"""Sets a bare server up: users, folders, host.json, the unit that follows the store. Another
version of this tool takes this one's place there once it was asked whether it works here."""

import grp
import hashlib
import pwd
import re
import socket
import subprocess
import sys
from pathlib import Path

from .. import contracts
from ..base import Places, Refused, Steps, emit, note, processes, read_object, template, write, write_json
from ..contracts.facts import Boot, FrontFacts, HostFacts
from ..processes.managers import systemd
from ..release.manifests import HostStore

_APP, _DATABASE, _FRONT, _RELEASE, _BUILD = (f"slipway-{name}" for name in ("app", "db", "front", "release", "build"))
USERS = {_APP: [], _DATABASE: [], _FRONT: ["--groups", _APP], _RELEASE: ["--gid", _APP], _BUILD: []}
"""Each with more words for `useradd`. Front and release command may what the app's group may."""
PORT = 80
UNIT = "slipway.service"
_APP_NAME = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)
_CHECK = 60


def command(root: Path) -> int:
    """Returns the exit status once the unit follows the store. Raises `Refused`. The bootstrap has
    seen to it that this is root, under systemd, and that the server is no other app's."""
    steps = Steps()
    with steps.step("setup"):
        install(root)
    with steps.step("follow"):
        processes.run("systemctl", "enable", "--quiet", "--no-reload", UNIT)
        processes.run("systemctl", "restart", UNIT)  # it may be another tool's
    emit("outcome", ok=True, steps=steps.done)
    return 0


def install(root: Path) -> None:
    """Makes the users, writes host.json and unit as this tool has them. Raises `Refused`."""
    facts = _facts(root)
    for user in USERS:
        _add_user(user)
    for folder in ("opt/slipway", "etc/slipway", "srv/slipway", "var/lib/slipway"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder).chmod(0o755)
    write_json(root / "etc/slipway/host.json", contracts.document(facts))
    if write(root / "etc/systemd/system" / UNIT, template(__package__, UNIT, PYTHON=sys.executable).encode()):
        systemd.read_anew(UNIT)


def _facts(root: Path) -> HostFacts:
    """The facts for host.json, without programs: those come with releases, and are looked for."""
    path = root / "etc/slipway/boot.json"
    try:
        boot = contracts.read(Boot, read_object(path))
    except contracts.Wrong as wrong:
        raise Refused(f"{path}: wanted what this server is, found none or a damaged file ({wrong}); run the bootstrap again") from None
    if not _APP_NAME.fullmatch(boot.app):
        raise Refused(f"{path}: wanted an app's name of letters, digits and -, found {boot.app[:60]!r}")
    own = socket.gethostname()
    instance = (root / "var/lib/cloud/data/instance-id").read_text() if "{instance}" in (boot.name or "") else ""
    host = (boot.name or "").replace("{host}", own.partition(".")[0]).replace("{instance}", instance.strip()) or own
    return HostFacts(
        boot.app, host, f"/run/slipway/{boot.app}", boot.store, "/usr/bin/python3", FrontFacts(("0.0.0.0", PORT)),
        user=_APP, database_user=_DATABASE, front_user=_FRONT, release_user=_RELEASE, build_user=_BUILD,
        stack=boot.stack, role=boot.role, transport=boot.transport, disk=boot.disk,
    )  # fmt: skip


def _add_user(name: str) -> None:
    """A system user without a shell, with a group of its own unless `USERS` says another."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        there = any(one.gr_name == name for one in grp.getgrall())
        group = [*USERS[name], *([] if "--gid" in USERS[name] else ["--gid", name] if there else ["--user-group"])]
        shell = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
        processes.run("useradd", "--system", *group, *shell, name)
        note(f"user {name} is made")


def adopt_tool(places: Places, store: HostStore, wanted: str) -> None:
    """Puts that tool in this one's place, whole and checked. Else raises `Refused`."""
    data = store.objects.get(f"releases/tool/{wanted}.pyz")
    found = "nothing" if data is None else hashlib.sha256(data).hexdigest()
    if data is None or found != wanted:
        raise Refused(f"tool {wanted[:12]}: wanted that SHA-256 in the store, found {found[:12]}; run `up` again")
    path = places.tool.with_name("next.pyz")
    write(path, data)
    command, out = [sys.executable, "-I", str(path), "--root", str(places.root), "check"], subprocess.PIPE
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=_CHECK, check=False)
        why = (done.stdout.decode(errors="replace").strip() or f"exit status {done.returncode}") if done.returncode else ""
    except subprocess.TimeoutExpired:
        why = f"no answer in {_CHECK} s"
    if why:
        last = why.splitlines()[-1][:300]
        raise Refused(f"tool {wanted[:12]}: does not work on this host ({last}); the one before it stays", log=why.splitlines()[-20:])
    path.rename(places.tool)
