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
from . import base
from .agent import Agent
from .cluster import Cluster

_STARTING = 30  # seconds that a server may take to answer


class Served(base.Database):
    """Where it is says the release's manifest: `placement` same-host or external."""

    def cluster(self) -> Cluster | None:
        """The cluster of this host; None where the database is somewhere else."""
        raise NotImplementedError

    def url(self, role: str) -> str:
        """The address of a role; it holds a password."""
        cluster = self.cluster()
        if cluster:
            return cluster.url(role)
        own = read_json(self.places.release(self.release) / "env.json", {})
        found = own.get("DATABASE_OWNER_URL") if role == base.OWNER else None
        found = found or own.get("DATABASE_URL")
        if not found:
            raise Refused("slipway:secretEnv.DATABASE_URL: wanted the address of the external database, found none; set it with --secret")
        return str(found)

    def variables(self, role: str) -> dict[str, str]:
        if self.cluster() is None and role == base.APP:
            return {}  # its own environment has it
        return {"DATABASE_URL": self.url(role)}

    def ensure(self, supervisor: Supervisor) -> None:
        cluster = self.cluster()
        if cluster:
            cluster.create()
            supervisor.add(cluster.program)
        with Agent(self.places, self.manifest) as agent:
            if cluster:
                cluster.grant(agent, _STARTING)
            agent.ask("connect", url=self.url(base.OWNER), patience=_STARTING if cluster else 3)
            agent.ask("connect", url=self.url(base.APP), patience=0)

    @contextmanager
    def asked(self) -> Iterator[Agent]:
        """An agent connected as the owner."""
        with Agent(self.places, self.manifest) as agent:
            agent.ask("connect", url=self.url(base.OWNER), patience=3)
            yield agent

    def schema(self) -> str:
        with self.asked() as agent:
            return str(agent.ask("schema")["schema"])

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
            yield mine
            if mine:
                agent.ask("done", release=self.release, command=self.manifest["release_command"], host=self.places.host)

    def snapshot(self) -> Path | None:
        """Of a cluster of this host; what is somewhere else has backups of its own."""
        if self.cluster() is None:
            return None
        folder = self.places.srv / "snapshots"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        copy = folder / f"{self.release}.dump"
        self.dump(copy)
        return copy

    def undo(self, copy: Path | None, before: str) -> str:
        """A running server is never put back by itself: rows written since would be lost. What is there to go back to is named."""
        if self.schema() == before:
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
