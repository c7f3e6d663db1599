"""A database that is a server: a private cluster under this host's prefix, or one that is somewhere else."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...base.files import read_json
from ...base.outcome import Refused, note
from ...processes.managers.contract import Manager
from ...rollout import state
from . import address, authority, base
from .agent import Agent
from .cluster import Cluster

_STARTING = 30  # seconds that a server may take to answer
_AGAIN = 3  # one that runs may be restarting
_FIRST = 300  # seconds that a host of its own may take until it has its database


class Served(base.Database):
    """Where it is says the release's manifest: `placement` same-host, own-host, managed or external."""

    kind: type[Cluster]
    schemes: tuple[str, ...] = ()
    """What its addresses start with; a driver's name may follow, as in `postgresql+psycopg`."""

    @property
    def program(self) -> str | None:
        cluster = self.cluster()
        return cluster.engine if cluster else None

    @property
    def shared(self) -> bool:
        return self.cluster() is None

    def cluster(self) -> Cluster | None:
        """The cluster of this host; None where the database is somewhere else."""
        here = {"same-host": True, "own-host": self.places.role == "database"}
        return self.kind(self.places) if here.get(self._placement) else None

    @property
    def _placement(self) -> str:
        return self.manifest.database.placement

    def own(self) -> Cluster:
        """The cluster of this host. Raises `Refused` where the database is somewhere else."""
        cluster = self.cluster()
        if cluster is None:
            raise Refused("database: backups are made where it runs, found no cluster of this host")
        return cluster

    def url(self, role: str) -> str:
        """The address of a role; it holds a password."""
        cluster = self.cluster()
        if cluster:
            return cluster.url(role)
        own = read_json(self.places.release(self.release) / "env.json", {})
        name = "DATABASE_OWNER_URL" if role == base.OWNER and own.get("DATABASE_OWNER_URL") else "DATABASE_URL"
        return address.checked(str(own.get(name, "")), name, self.schemes)

    def variables(self, role: str) -> dict[str, str]:
        if self.cluster() is None and role == base.APP:
            return {}  # its own environment has it
        return {"DATABASE_URL": self.url(role)}

    def ensure(self, manager: Manager) -> None:
        self.run(manager)
        with Agent(self.places, self.manifest) as agent:
            self._try(agent, base.OWNER)
            if self._placement == "managed":
                self._let_in(agent)
            self._try(agent, base.APP)

    def _let_in(self, agent: Agent) -> None:
        """The app's role, where the owner is all that came with the server. In this host's turn: two at once are in each other's way."""
        with self.asked() as holder:
            holder.ask("take", release=self.release)
            self.let_in(agent, address.login(self.url(base.OWNER)), address.login(self.url(base.APP)))

    @abstractmethod
    def let_in(self, agent: Agent, owner: address.Login, app: address.Login) -> None:
        """The app's role with its password, which may read and write rows and change no schema: the same every time. `agent` is connected
        as the owner."""

    def run(self, manager: Manager) -> None:
        cluster = self.cluster()
        if cluster is None:
            return authority.trust(self.places, self.manifest)
        cluster.create()
        cluster.start(manager)
        with Agent(self.places, self.manifest) as agent:
            cluster.grant(agent, _STARTING)
            cluster.reload(agent)

    def _try(self, agent: Agent, role: str) -> None:
        url = self.url(role)
        try:
            self._connect(agent, url)
        except Refused as refused:
            if self.cluster():
                raise
            raise Refused(address.unreachable(self._placement, role, url, refused), log=refused.log) from None

    def _connect(self, agent: Agent, url: str) -> None:
        """A database host that is set up beside this one is waited for, whatever it says meanwhile."""
        deadline = time.monotonic() + (_FIRST if self._is_first() else 0)
        told = False
        while True:
            try:
                agent.ask("connect", url=url, patience=_AGAIN)
                return
            except Refused as refused:
                if time.monotonic() > deadline:
                    raise
                if not told:
                    note(f"waiting for the database host, {address.shown(url)}: {refused}")
                    told = True
            time.sleep(1)

    def _is_first(self) -> bool:
        """Nothing serves here yet, and the database's host is one that Slipway sets up."""
        own = self._placement == "own-host" and self.cluster() is None
        return own and not state.remembered(self.places).get("release")

    @contextmanager
    def asked(self) -> Iterator[Agent]:
        """An agent connected as the owner."""
        with Agent(self.places, self.manifest) as agent:
            agent.ask("connect", url=self.url(base.OWNER), patience=_AGAIN)
            yield agent

    def schema(self) -> str:
        with self.asked() as agent:
            return str(agent.ask("schema")["schema"])

    def revision(self) -> str:
        with self.asked() as agent:
            return str(agent.ask("schema")["revision"])

    def rows(self) -> dict[str, int]:
        with self.asked() as agent:
            return dict(agent.ask("rows")["rows"])

    @contextmanager
    def turn(self, record: Path) -> Iterator[bool]:
        """The database's own lock and note: hosts that share a database run the command once."""
        with self.asked() as agent:
            mine = bool(agent.ask("take", release=self.release)["mine"])
            if not mine:
                note(f"the release command of {self.release} ran already")
            self.inherited = (agent.pipe,)
            yield mine
            self.inherited = ()
            if mine:
                self._note(agent)

    def _note(self, agent: Agent) -> None:
        try:
            agent.ask("done", release=self.release, command=self.manifest.release_command, host=self.places.host)
        except Refused as refused:
            why = "the release command ended well, but the database did not note that, so the next run runs it again"
            raise Refused(f"{why}; {refused}", log=refused.log) from None

    def snapshot(self) -> Path | None:
        """Of a cluster of this host; what is somewhere else has backups of its own."""
        if self.cluster() is None:
            return None
        copy = self.beside(f"{self.release}.dump")
        self.dump(copy)
        return copy

    def undo(self, copy: Path | None, before: str) -> str:
        """A running server is never put back by itself: rows written since would be lost. What is there to go back to is named."""
        try:
            changed = self.schema() != before
        except Refused as refused:
            return f"; whether it changed the schema can't be seen ({refused})"
        if not changed:
            return "; the database's schema is as it was"
        where = f"; the database as it was before is kept at {copy}" if copy else ""
        return f"; statements before the one that failed have changed the schema{where}"

    def status(self) -> dict[str, Any]:
        began = time.monotonic()
        told: dict[str, Any] = {"placement": self._placement}
        try:
            told["schema"] = self.schema()
            told["answers_in"] = round(time.monotonic() - began, 3)
        except Refused as refused:
            told["problem"] = str(refused)
        return told
