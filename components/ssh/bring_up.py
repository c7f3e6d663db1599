"""Makes a server, whatever it is, one that takes releases; and takes Slipway off it."""

import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cloud_init import bootstrap, host_tool, system
from cloud_init.host.base.files import object_in
from cloud_init.host.contracts.facts import Boot
from components.errors import Lost, SlipwayError
from components.hosts import progress
from components.hosts.transports.ssh import TOOL, SshTransport
from components.owner import Owner
from components.release.store import to_json
from components.ssh import connection, store
from components.ssh.connection import Connection, Refused

_PATIENCE = 300.0  # seconds for a server that boots
_REBOOT = 30.0  # seconds for one that was set up before, and may be gone
_LEAVES = 20.0  # and for one that is to be left
_SETUP = 300.0  # seconds until it is set up: packages are fetched before that
SYSTEMS = {"debian": ("12", "13"), "ubuntu": ("22.04", "24.04")}
OWNER = "/var/lib/slipway/owner.json"
_BOOT = "/etc/slipway/boot.json"
_BRING = Path(__file__).with_name("bring-tool.sh").read_text(encoding="utf-8")


def boot(facts: Mapping[str, Any]) -> Boot:
    """Boot data of the server with these facts; without a bucket to follow it is driven by SSH."""
    driven = facts["transport"] if store.is_folder(facts["store"]) else ""
    return Boot(facts["app"], facts["stack"], facts["role"], facts["store"], facts["host"], driven)


def run(facts: Mapping[str, Any], owner: Owner, taken_over: bool) -> None:
    """All of it; done again it changes nothing. Raises `SlipwayError`."""
    host, to = str(facts["host"]), connection.of(facts)
    with progress.step(host, "connect"):
        to.open(_PATIENCE, lambda text: progress.report(host, "", "note", text=text))
        _check_system(to)
        _check_way_back(to, facts)
        if refusal := another(to, facts, owner, taken_over):
            raise SlipwayError(refusal)
    with ExitStack() as lock:
        with progress.step(host, "store"):
            _do(to, ["install", "-d", "-m", "0755", "/var/lib/slipway"])
            if store.is_folder(facts["store"]):
                lock.enter_context(_with_tool(to, facts))
            _do(to, ["install", "-m", "0644", "/dev/stdin", OWNER], to_json(vars(owner)))
        with progress.step(host, "bootstrap"):
            _do(to, ["sh", "-s", "again"], bootstrap.script(boot(facts)).encode())
        with progress.step(host, "setup"):
            _wait(to)


def is_away(facts: Mapping[str, Any], servers: list[Mapping[str, Any]]) -> bool:
    """Whether a server that was set up before, not the first, gives no answer: it is left out."""
    host = str(facts["host"])
    try:
        connection.of(facts).open(_REBOOT)
    except Lost as lost:
        if host == servers[0]["host"] or isinstance(lost, Refused):
            raise
        progress.note(host, f"left out: {lost}; it gets what it missed at the next `up`")
        return True
    return False


def drift(facts: Mapping[str, Any]) -> str:
    """That what Slipway set up there doesn't run; empty: it does."""
    asked = connection.of(facts).run(["systemctl", "is-active", "--quiet", "slipway.service"])
    return f"{facts['host']}: slipway.service isn't at work there" if asked.status else ""


def leave(facts: Mapping[str, Any], tree: Path) -> None:
    """Takes Slipway off a server; its data stays. One that gives no answer is left, and told.
    `tree`: as it is now; it notes the servers' keys, and the state may know it by another path."""
    host = SshTransport({**facts, "login": {**facts["login"], "noted": str(tree / "known_hosts")}})
    try:
        host.way.open(_LEAVES)
    except Lost as lost:
        return progress.note(host.host, f"left as it is: {lost}. If it comes back, run there: sudo {' '.join(TOOL)} leave")
    host.remove(keep_data=True)


def another(to: Connection, facts: Mapping[str, Any], owner: Owner, taken_over: bool) -> str:
    """Why this server isn't ours to set up; empty: it is."""
    boot, mark = _read(to, _BOOT), _read(to, OWNER)
    wanted = {name: facts[name] for name in ("app", "stack", "role")}
    found = {name: boot.get(name) for name in wanted}
    if boot and found != wanted:
        held, asked = (", ".join(f"{name} {one}" for name, one in values.items()) for values in (found, wanted))
        return f"{to.login}: wanted a server for {asked}, found it set up for {held}; take another one, or destroy that stack first"
    other = mark and mark != vars(owner) and not taken_over
    if not other:
        return ""
    way = "`./slipway adopt`" if owner.engine == "slipway" else "`./slipway adopt --to-pulumi`"
    try:
        return f"{to.login} is managed by {Owner(**mark)}; go on there, or take it over with {way}"
    except TypeError:
        return ""


def _check_system(to: Connection) -> None:
    """A system that the host tool knows, with systemd, and root's rights."""
    lines = to.run(["cat", "/etc/os-release"]).out.decode(errors="replace").splitlines()
    found = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
    known = ", ".join(f"{name.title()} {version}" for name, versions in SYSTEMS.items() for version in versions)
    if found.get("VERSION_ID") not in SYSTEMS.get(found.get("ID", ""), ()):
        raise SlipwayError(f"{to.login}: wanted {known}, found {found.get('PRETTY_NAME') or 'another system'}; use such a server")
    if to.run(["test", "-d", "/run/systemd/system"]).status:
        raise SlipwayError(
            f"{to.login}: wanted a server that systemd runs, found none; a container has to start systemd as its first process"
        )
    _ = to.become


def _check_way_back(to: Connection, facts: Mapping[str, Any]) -> None:
    """The firewall that comes with a release must not lock out who launches it."""
    allowed = facts["sshFrom"]
    words = to.run(["printenv", "SSH_CONNECTION"]).out.decode().split()
    if words and not system.lets_in(allowed, words[0]):
        raise SlipwayError(
            f"slipway:ssh.sshFrom: wanted {words[0]} in it, from where {to.login} is reached now, found {', '.join(allowed) or 'none'}"
        )


@contextmanager
def _with_tool(to: Connection, facts: Mapping[str, Any]) -> Iterator[None]:
    """Puts the host tool there for the bootstrap, and holds the store's lock by it: no other
    rollout must find another tool in the middle of it. Where one is set up, it is tried before."""
    name, data = f"releases/tool/{host_tool.tool_id()}.pyz", host_tool.tool()
    path = f"{store.folder(facts).path}/{name}"
    _do(to, ["sh", "-c", _BRING, "bring-tool", path, host_tool.tool_id()], data)
    folder = store.folder(facts, [*TOOL[:-1], path])
    with folder.lock("setting up"):
        folder.put(name, data)  # a rollout that ended just now may have removed it
        if _read(to, "/etc/slipway/host.json"):
            _do(to, [*TOOL[:-1], path, "check"])
        folder.put("tool.json", to_json({"sha256": host_tool.tool_id()}))
        yield


def _wait(to: Connection) -> None:
    """Until the bootstrap says that it is done."""
    until = time.monotonic() + _SETUP
    while to.run(["test", "-e", "/opt/slipway/up"]).status:
        if time.monotonic() > until:
            said = to.run(["journalctl", "--no-pager", "--output=cat", "--lines=15", "--unit=slipway*"], root=True)
            lines = "\n".join(f"  | {line}" for line in said.out.decode(errors="replace").splitlines())
            raise SlipwayError(f"{to.login}: wanted it set up within {_SETUP:.0f} s, found it isn't; its last words:\n{lines}")
        time.sleep(0.5)


def _do(to: Connection, command: list[str], stdin: bytes = b"") -> None:
    done = to.run(command, stdin, root=True)
    if done.status:
        raise SlipwayError(f"{to.login}: `{shlex.join(command)}` failed ({done.status}): {done.last}; mend that, then run `up` again")


def _read(to: Connection, path: str) -> dict[str, Any]:
    return object_in(to.run(["cat", path]).out)
