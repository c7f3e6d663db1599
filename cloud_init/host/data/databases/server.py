"""A database that is a server: a private cluster of this host, or one that is somewhere else."""

import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

from ...base import Places, Refused, give, note, read_object, write_json
from ...contracts.manifest import Manifest
from ...processes.managers import Manager
from ...rollout import state
from . import APP, OWNER, Database, Words, quoted, remote
from .cluster import ADMIN, Agent, Cluster

_STARTING = 30  # seconds that a server may take to answer
_AGAIN = 3  # one that runs may be restarting
_FIRST = 300  # seconds that a host of its own may take until it has its database


class ServerDatabase(Database):
    """The manifest's `placement` says where it is: same-host, own-host, managed or external."""

    cluster_type: type[Cluster]
    schemes: tuple[str, ...] = ()  # the schemes of its addresses; a driver's name may follow, as in `postgresql+psycopg`

    def __init__(self, places: Places, manifest: Manifest) -> None:
        super().__init__(places, manifest)
        self.placement = manifest.database.placement
        is_here = self.placement == "same-host" or (self.placement == "own-host" and places.role == "database")
        self.cluster = self.cluster_type(places) if is_here else None
        """The cluster of this host; None if the database is somewhere else."""
        self.program, self.shared = self.engine if is_here else None, not is_here
        self._may_migrate = manifest.database.app_may_migrate and places.role != "database"
        """Whether the app's environment has the owner's address."""

    def own(self) -> Cluster:
        """The cluster of this host. Raises `Refused` if the database is somewhere else."""
        if self.cluster is None:
            raise Refused("database: backups are made where it runs, found no cluster of this host")
        return self.cluster

    def url(self, role: str) -> str:
        """The address of a role, with its password. Raises `Refused` for one that can't be used."""
        folder = self.places.release(self.release)
        if self.cluster and not (role == APP and self._may_migrate):
            return self.cluster.url(role)
        known = read_object(folder / "env.json")
        if role == OWNER:
            known |= read_object(folder / "owner.json")
        name = "DATABASE_OWNER_URL" if role == OWNER and known.get("DATABASE_OWNER_URL") else "DATABASE_URL"
        return remote.checked(str(known.get(name, "")), name, self.schemes)

    def words(self, role: str) -> Words:
        found = remote.words(self.url(role), self.places.release(self.release) / "venv")
        if address := self.cluster and self.cluster.address:  # for apps that join one by themselves; the others keep the socket
            found["host"], found["port"] = address[0], str(address[1])
        return found

    def ensure(self, manager: Manager) -> None:
        self.run(manager)
        with Agent(self.places, self.manifest) as agent:
            self._try(agent, OWNER)
            if self.placement == "managed" or (self.placement == "external" and self.manifest.database.extensions):
                with self.asked() as holder:  # this host's turn: two at once would be in each other's way
                    holder.ask("take", release=self.release)
                    self._extend(agent)
                    if self.placement == "managed" and not self._may_migrate:
                        self.let_in(agent, self.words(OWNER), self.words(APP))
            self._try(agent, APP)

    @abstractmethod
    def let_in(self, agent: Agent, owner: Words, app: Words) -> None:
        """Makes the app's role, which may read and write rows and change no schema, as often as it
        is called. `agent` is connected as the owner."""

    def run(self, manager: Manager) -> None:
        cluster = self.cluster
        if cluster is None:
            return remote.trust(self.places, self.manifest)
        cluster.create()
        if self._may_migrate:
            path = self.places.release(self.release) / "env.json"
            write_json(path, {**read_object(path), "DATABASE_URL": cluster.url(OWNER)}, 0o400)
            give(path, self.places.user)
        cluster.start(manager)
        with Agent(self.places, self.manifest) as agent:
            cluster.grant(agent, _STARTING)
            self._extend(agent)
            agent.ask("execute", statements=[cluster.reload])

    def _extend(self, agent: Agent) -> None:
        """Makes the extensions; `agent` is connected to the app's database as who may."""
        for name in self.manifest.database.extensions:
            # The owner, who loads dumps, may not comment on what another made: no dump has that.
            more = [f"COMMENT ON EXTENSION {quoted(name)} IS NULL"] if self.cluster else []
            try:
                agent.ask("execute", statements=[f"CREATE EXTENSION IF NOT EXISTS {quoted(name)}", *more])
            except Refused as refused:
                mend = "have it installed where the database runs, or made by who may, then run `up` again"
                raise Refused(f"slipway:database.extensions: wanted {name}, found: {refused}; {mend}", log=refused.log) from None

    def _try(self, agent: Agent, role: str) -> None:
        """Waits for a database host that is set up beside this one, whatever it says meanwhile."""
        url = self.url(role)
        first = self.placement == "own-host" and not self.cluster and not state.remembered(self.places).get("release")
        deadline, is_told = time.monotonic() + (_FIRST if first else 0), False
        while True:
            try:
                agent.ask("connect", url=url, patience=_AGAIN)
                return
            except Refused as refused:
                if self.cluster:
                    raise
                if time.monotonic() > deadline:
                    raise Refused(remote.unreachable(self.placement, role, url, refused), log=refused.log) from None
                if not is_told:
                    note(f"waiting for the database host, {remote.shown(url)}: {refused}")
                is_told = True
            time.sleep(1)

    @contextmanager
    def asked(self, url: str = "") -> Iterator[Agent]:
        """An agent connected at that address, by default as the owner."""
        with Agent(self.places, self.manifest) as agent:
            agent.ask("connect", url=url or self.url(OWNER), patience=_AGAIN)
            yield agent

    def shape(self) -> tuple[str, str]:
        with self.asked() as agent:
            answer = agent.ask("schema")
            return str(answer["schema"]), str(answer["revision"])

    def rows(self) -> dict[str, int]:
        with self.asked() as agent:
            return dict(agent.ask("rows")["rows"])

    @contextmanager
    def turn(self, record: Path) -> Iterator[bool]:
        """Uses a lock and a note in the database: hosts that share it run the command once."""
        with self.asked() as agent:
            mine = bool(agent.ask("take", release=self.release)["mine"])
            if not mine:
                note(f"the release command of {self.release} ran already")
            self.inherited = (agent.pipe,)
            yield mine
            self.inherited = ()
            if not mine:
                return
            try:
                agent.ask("done", release=self.release, command=self.manifest.release_command, host=self.places.host)
            except Refused as refused:
                why = "the release command ended well, but the database did not note that, so the next run runs it again"
                raise Refused(f"{why}; {refused}", log=refused.log) from None

    def unblock(self, seen: Iterable[str]) -> dict[str, str]:
        owner = self.words(OWNER)["user"]
        if owner == self.words(APP)["user"]:  # whose statements are the command's can't be told
            return {}
        with self.asked(self.cluster.url(ADMIN) if self.cluster else "") as agent:
            return dict(agent.ask("unblock", owner=owner, seen=[*seen])["waits"])

    def snapshot(self) -> Optional[Path]:
        """A dump of a cluster of this host; a server elsewhere has backups of its own."""
        if self.cluster is None:
            return None
        copy = self.beside(f"{self.release}.dump")
        self.dump(copy)
        return copy

    def undo(self, copy: Optional[Path], before: str) -> str:
        """Undoes nothing, since rows written meanwhile would be lost; names the dump."""
        try:
            changed = self.schema() != before
        except Refused as refused:
            return f"; whether it changed the schema can't be seen ({refused})"
        if not changed:
            return "; the database's schema is as it was"
        where = f"; the database as it was before is kept at {copy}" if copy else ""
        return f"; statements before the one that failed have changed the schema{where}"

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"placement": self.placement}
        try:
            answer["schema"] = self.schema()
        except Refused as refused:
            answer["problem"] = str(refused)
        return answer
