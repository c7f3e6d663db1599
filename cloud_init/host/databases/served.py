"""A database that is a server: a private cluster under this host's prefix, or one that is somewhere else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..files import read_json
from ..outcome import Refused, note
from ..supervisor import Supervisor
from . import address, base
from .agent import Agent
from .cluster import Cluster

_STARTING = 30  # seconds that a server may take to answer
_AGAIN = 3  # one that runs may be restarting


class Served(base.Database):
    """Where it is says the release's manifest: `placement` same-host or external."""

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
        return self.kind(self.places) if self.manifest["database"]["placement"] == "same-host" else None

    def own(self) -> Cluster:
        """The cluster of this host. Raises `Refused` where the database is somewhere else."""
        cluster = self.cluster()
        if cluster is None:
            raise Refused("database, external: backups are made where it runs, found no cluster of this host")
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

    def ensure(self, supervisor: Supervisor) -> None:
        cluster = self.cluster()
        if cluster:
            cluster.create()
            cluster.start(supervisor)
        with Agent(self.places, self.manifest) as agent:
            if cluster:
                cluster.grant(agent, _STARTING)
            for role in (base.OWNER, base.APP):
                self._try(agent, role)

    def _try(self, agent: Agent, role: str) -> None:
        url = self.url(role)
        try:
            agent.ask("connect", url=url, patience=_AGAIN)
        except Refused as refused:
            if self.cluster():
                raise
            whose = "the release command" if role == base.OWNER else "the app"
            why = f"slipway:secretEnv: wanted to reach the external database as {address.shown(url)}, which is for {whose}"
            raise Refused(f"{why}, found: {refused}; correct that address, or have the database run", log=refused.log) from None

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
            agent.ask("done", release=self.release, command=self.manifest["release_command"], host=self.places.host)
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
        told: dict[str, Any] = {"placement": self.manifest["database"]["placement"]}
        try:
            told["schema"] = self.schema()
            told["answers_in"] = round(time.monotonic() - began, 3)
        except Refused as refused:
            told["problem"] = str(refused)
        return told
