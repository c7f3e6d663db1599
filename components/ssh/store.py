"""A release store that is a folder on each server. The first of the list decides; the others follow it.

A server that doesn't answer is left out and told, but for the first. Whoever takes that one out of the settings says with it
that it is gone for good. What a server missed it is given before the next thing is written to it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from cloud_init.host.stores import Conflict
from components.errors import SlipwayError
from components.hosts import progress
from components.ssh import following
from components.ssh.agent import HostStore
from components.ssh.connection import Lost

DESIRED = "desired.json"


@dataclass
class Server:
    """A server's folder; `behind`: it missed something, as far as is known."""

    name: str
    role: str
    store: HostStore
    behind: bool = field(default=True)


class MirroredStore:
    """`components.release.store.Store` over all servers of a stack."""

    def __init__(self, servers: Sequence[Server], address: str) -> None:
        self.servers, self.address = servers, address

    def get(self, name: str) -> bytes | None:
        """What was said of a server that doesn't answer now isn't known: nothing."""
        owner = self._owner(name)
        try:
            return self._holder(name).store.get(name)
        except Lost:
            if owner is None:
                raise
            return None

    def put(self, name: str, data: bytes) -> None:
        self._write(name, lambda store: store.put(name, data))

    def create(self, name: str, data: bytes) -> None:
        self._holder(name).store.create(name, data)
        self._follow(name, lambda store: store.put(name, data))

    def replace(self, name: str, old: bytes | None, new: bytes) -> None:
        """Refused where any server that answers knows something newer: somebody went on without the first one."""
        if name == DESIRED:
            self._none_is_ahead(old)
        self._holder(name).store.replace(name, old, new)
        self._follow(name, lambda store: store.put(name, new))

    def names(self, folder: str) -> dict[str, float]:
        """Of each server what it alone tells, of the first all else."""
        found: dict[str, float] = {}
        for server in self.servers:
            try:
                named = server.store.names(folder)
            except Lost:
                if server is self._first:
                    raise
                continue
            found |= {name: at for name, at in named.items() if self._holder(name) is server}
        return dict(sorted(found.items()))

    def modified(self, name: str) -> float | None:
        owner = self._owner(name)
        try:
            return self._holder(name).store.modified(name)
        except Lost:
            if owner is None:
                raise
            return None

    def delete(self, *names: str) -> None:
        for server in self.servers:
            theirs = [name for name in names if self._belongs(server, name)]
            if theirs:
                self._tried(server, lambda store, gone=theirs: store.delete(*gone))  # type: ignore[misc]

    @contextmanager
    def lock(self, reason: str) -> Iterator[None]:
        """The lock of every server that answers, always in the same order; then all of them know what the first one knows."""
        with ExitStack() as held:
            for server in sorted(self.servers, key=lambda one: one.name):
                self._tried(server, lambda store: following.lock(store, reason, held))
            self._let_the_newest_lead()
            for server in self._rest:
                self._tried(server, lambda store, one=server: self._catch_up(one))  # type: ignore[misc]
            yield

    def drift(self, name: str) -> str:
        """One sentence where a server doesn't know what the first one knows."""
        server = next(one for one in self.servers if one.name == name)
        wanted, found = following.generation(self._first.store), following.generation(server.store)
        return (
            f"{name} was away: it knows generation {found} of what is wanted, {self._first.name} knows {wanted}" if found != wanted else ""
        )

    def catch_up(self, name: str) -> None:
        """Gives a server what it lacks before it starts: one that is new, or was away."""
        server = next(one for one in self.servers if one.name == name)
        if server is self._first:
            self._let_the_newest_lead()
        else:
            self._catch_up(server)

    @property
    def _first(self) -> Server:
        return self.servers[0]

    @property
    def _rest(self) -> Sequence[Server]:
        return self.servers[1:]

    def _owner(self, name: str) -> Server | None:
        """Who alone says that: `outcomes/HOST/…`."""
        parts = name.split("/")
        return next((one for one in self.servers if parts[0] == "outcomes" and parts[1] == one.name), None)

    def _holder(self, name: str) -> Server:
        """Whose word counts."""
        return self._owner(name) or next((one for one in self.servers if following.is_for(one.role, name)), self._first)

    def _belongs(self, server: Server, name: str) -> bool:
        owner = self._owner(name)
        return owner is server or (owner is None and following.is_for(server.role, name))

    def _write(self, name: str, write: Callable[[HostStore], None]) -> None:
        write(self._holder(name).store)
        self._follow(name, write)

    def _follow(self, name: str, write: Callable[[HostStore], None]) -> None:
        """The others, at once; one that was away is given everything, this included."""
        holder = self._holder(name)
        others = [one for one in self.servers if one is not holder and self._belongs(one, name)]

        def bring(server: Server) -> None:
            self._tried(server, lambda store: self._catch_up(server) if server.behind else write(store))

        if others:
            with ThreadPoolExecutor(max_workers=min(8, len(others))) as pool:
                list(pool.map(bring, others))

    def _tried(self, server: Server, work: Callable[[HostStore], None]) -> None:
        """Does it there; only the first server's absence is an error."""
        try:
            work(server.store)
        except Lost as lost:
            if server is self._first:
                raise self._without_first(lost) from None
            if not server.behind:
                progress.report(server.name, "", "note", text=f"left out: {lost}")
            server.behind = True

    def _without_first(self, lost: Lost) -> SlipwayError:
        hint = f"bring it back, or, if it is gone for good, take {self._first.name} out of slipway:ssh.hosts"
        return SlipwayError(f"{lost}; {self._first.name} comes first in the list and decides what serves: {hint}")

    def _catch_up(self, server: Server) -> None:
        following.bring(self._first.store, server.store, server.role)
        server.behind = False

    def _none_is_ahead(self, old: bytes | None) -> None:
        known = following.generation_in(old)
        for server in self._rest:
            ahead: list[int] = []
            self._tried(server, lambda store: ahead.append(following.generation(store)))  # noqa: B023  called at once
            if ahead and ahead[0] > known:
                raise Conflict(f"{server.name} knows generation {ahead[0]}, {self._first.name} {known}")

    def _let_the_newest_lead(self) -> None:
        """The first one was away, or wasn't first: it learns from whoever knows most."""
        generations: Mapping[str, int] = self._generations()
        newest = max(self._rest, key=lambda one: generations.get(one.name, -1), default=self._first)
        if generations.get(newest.name, -1) > following.generation(self._first.store):
            progress.report(self._first.name, "", "note", text=f"was away: it learns from {newest.name} what is wanted")
            following.bring(newest.store, self._first.store, self._first.role)

    def _generations(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for server in self._rest:
            self._tried(server, lambda store: found.update({server.name: following.generation(store)}))  # noqa: B023  called at once
        return found
