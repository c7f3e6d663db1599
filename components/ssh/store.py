"""The release store of servers of one's own: a folder on the first of them. Each reads a folder of
its own, which has what it needs: secrets of its role alone."""

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cloud_init.host.contracts.manifest import Manifest
from cloud_init.host.release import wheels
from components.errors import Lost, SlipwayError
from components.hosts import progress
from components.hosts.objects import Folder
from components.hosts.transports import ssh as transport
from components.release import publishing
from components.release.store import parsed, read_desired
from components.ssh import connection

SCHEME = "ssh:"
_DESIRED = "desired.json"
_SHARED = (_DESIRED, "proven.json", "tool.json")
"""Written to every server, so that another one can be the first where that is gone for good."""


@dataclass(frozen=True)
class Server:
    """A server's folder; `name` and `role` as its facts have them."""

    name: str
    role: str
    folder: Folder


class ServersStore:
    """`components.release.store.Store` over `servers`: the first of the list decides."""

    def __init__(self, servers: Sequence[Server], address: str) -> None:
        self.servers, self.address = servers, address
        self._first = servers[0]
        self._given: set[Server] = set()
        self._away: dict[str, Lost] = {}
        self._put: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        """What this deployer published is read from no server again."""
        if _is_of_release(name) and name in self._put:
            return self._put[name]
        data = self._holder(name).folder.get(name)
        if name == _DESIRED:
            _generation(self._first, data)
        return data

    def put(self, name: str, data: bytes) -> None:
        self._holder(name).folder.put(name, data)
        self._copied(name, data)

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        self._holder(name).folder.replace(name, old, new)
        self._copied(name, new)

    def _copied(self, name: str, data: bytes) -> None:
        self._put[name] = data
        for server in self._given if name in _SHARED else ():
            try:
                before = server.folder.get(name)
                self._first.folder.check()  # whoever has the lock by now writes there too: before it was read, or instead
                server.folder.replace(name, before, data)
            except SlipwayError as error:  # it is away, or its disk is full: the next `up` brings it
                progress.note(server.name, f"lacks {name}: {error}")

    def names(self, folder: str) -> dict[str, float]:
        """Those on the first server: with a release its secrets go from the others too."""
        return self._first.folder.names(folder)

    def modified(self, name: str) -> float | None:
        return self._holder(name).folder.modified(name)

    def delete(self, *names: str) -> None:
        self._put = {name: data for name, data in self._put.items() if name not in names}
        self._first.folder.delete(*names)

    @contextmanager
    def lock(self, reason: str) -> Iterator[None]:
        """The first server's. Refused where another one knows something newer."""
        self._given, self._away = set(), {}
        with self._first.folder.lock(reason):
            self._refuse_older()
            yield

    def bring(self, host: str, release: str, key: Callable[[], str]) -> None:
        """Gives a server what it needs of a release; removes what the first one has no more. Raises
        `SlipwayError` where what another server kept of it isn't what was published."""
        server = next(one for one in self.servers if one.name == host)
        if server is self._first:
            return
        if lost := self._away.get(host):
            raise lost
        manifest = f"releases/{release}/manifest.json"
        data = {"manifest": self.get(manifest)}
        code = parsed(Manifest, manifest, data["manifest"] or b"").code
        names = {"manifest": manifest, "code": f"releases/code/{code.id}.tar.gz", server.role: f"secrets/{server.role}/{release}.json"}
        names["versions"] = wheels.list_of(release)
        kept, there = self._first.folder.names(), server.folder.names()
        lacking = {what: name for what, name in names.items() if name in kept and name not in there}
        if lacking:
            data |= {what: self.get(names[what]) for what in ("code", "versions")} | {
                role: self.get(f"secrets/{role}/{release}.json") for role in ("web", "database")
            }
            is_mine = manifest in self._put and (names["code"] in self._put or publishing.is_whole(data["code"], code.sha256))
            if not is_mine:
                self._refuse_forged(host, release, data, key())
        for what, name in lacking.items():
            server.folder.put(name, data[what] or b"")
        gone = [name for name in there if name.startswith("outcomes/") or (_is_of_release(name) and not _is_kept(name, kept))]
        if gone:
            self._first.folder.check()
            server.folder.delete(*gone)
        self._given.add(server)

    def _refuse_forged(self, host: str, release: str, data: Mapping[str, bytes | None], key: str) -> None:
        first = self._first.name
        if not key:
            why = f"{host} lacks release {release}, and what {first} keeps of it can't be checked without this stack's state"
            raise SlipwayError(f"store: {why}; run it where the stack was launched, or check that version out and run `up`")
        if not publishing.is_published(key, release, data):
            why = f"wanted release {release} as it was published, found another manifest, environment or code under its id"
            raise SlipwayError(f"{first}: store: {why}; {host} gets none of it: look at who changed {first}")

    def _refuse_older(self) -> None:
        """Refuses to go on where the first server missed something: a person says who decides."""
        mine = _generation(self._first, self._first.folder.get(_DESIRED))
        for server in self.servers[1:]:
            try:
                theirs = _generation(server, server.folder.get(_DESIRED))
            except Lost as lost:
                self._away[server.name] = lost
                continue
            except SlipwayError as error:  # a damaged copy says nothing; it is written anew
                progress.note("coordinator", str(error))
                continue
            if theirs > mine:
                why = f"{self._first.name} knows generation {mine} of what is wanted, {server.name} {theirs}"
                mend = f"put {server.name} first in slipway:ssh.hosts.web, or remove {server.folder.path}/{_DESIRED} there"
                raise SlipwayError(f"store: {why}; {mend}")

    def _holder(self, name: str) -> Server:
        """Where the object is."""
        role = name.split("/")[1] if name.startswith("secrets/") else self._first.role
        return next((one for one in self.servers if one.role == role), self._first)


def address(servers: Sequence[Mapping[str, Any]]) -> str:
    """The address of these servers' store: a bucket's, or the servers themselves as JSON."""
    bucket = str(servers[0]["store"])
    return SCHEME + json.dumps(servers, sort_keys=True) if is_folder(bucket) else bucket


def connect(text: str) -> ServersStore:
    """The store at an address that begins with `ssh:`."""
    facts = json.loads(text.removeprefix(SCHEME))
    return ServersStore([Server(one["host"], one["role"], folder(one)) for one in facts], text)


def folder(facts: Mapping[str, Any], tool: Sequence[str] = ()) -> Folder:
    """The folder of the server with these facts, asked by its own host tool or another."""
    to = connection.of(facts)
    return Folder(to, str(to.login), tool or transport.TOOL, str(facts["store"]).removeprefix("file://"))


def is_folder(store: str) -> bool:
    """Whether that is a folder of each server."""
    return store.startswith("file:")


def _generation(server: Server, data: bytes | None) -> int:
    try:
        return read_desired(data).generation
    except SlipwayError as error:
        raise SlipwayError(f"{server.name}: {server.folder.path}/{_DESIRED}: {error}") from None


def _is_kept(name: str, kept: Container[str]) -> bool:
    """Secrets of another role go with the release that they are for."""
    release = name.rpartition("/")[2].removesuffix(".json")
    return name in kept or (name.startswith("secrets/") and f"releases/{release}/manifest.json" in kept)


def _is_of_release(name: str) -> bool:
    return name.startswith(("releases/", "secrets/"))
