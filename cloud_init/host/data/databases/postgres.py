"""PostgreSQL."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import quote

from ...base.files import private_file, write
from ...base.outcome import Refused
from ...base.places import Places
from ...base.user import give
from . import network, sizing
from . import postgres_rights as rights
from .address import Login
from .agent import Agent
from .base import APP, OWNER
from .cluster import ADMIN, Cluster
from .served import Served

UNIT = "postgresql.service"  # of the package: kept from starting


class Postgres(Cluster):
    """`INT` is PostgreSQL's fast shutdown."""

    engine = "postgres"
    stop_signal = "INT"

    @property
    def binaries(self) -> Path:
        """Of the version that made the data: a newer one beside it doesn't read them."""
        newest = super().binaries
        noted = self.data / "PG_VERSION"
        version = noted.read_text().strip() if noted.is_file() else newest.parent.name
        if not newest.parent.name.isdigit() or version == newest.parent.name:
            return newest
        own = newest.parent.parent / version / "bin"
        if not (own / "postgres").is_file():
            wanted = f"{self.data}: wanted PostgreSQL {version}, which made these data, found {newest.parent.name}"
            raise Refused(f"{wanted}; install postgresql-{version} beside it")
        return own

    @property
    def socket(self) -> Path:
        return self.socket_folder / f".s.PGSQL.{self._port}"

    @property
    def _port(self) -> int:
        return self.network.port if self.network else 5432

    def url(self, role: str) -> str:
        name = "postgres" if role == ADMIN else quote(self.places.app)
        return f"postgresql://{role}:{self.password(role)}@/{name}?host={quote(str(self.socket_folder), safe='')}&port={self._port}"

    def initialise(self, folder: Path) -> None:
        word = folder.with_name(".word.part")  # initdb reads the password from a file that its user may open
        try:
            write(word, self.password(ADMIN).encode(), 0o400)
            give(word, self.user)
            command = [
                str(self.binaries / "initdb"), "--pgdata", str(folder), "--username", ADMIN, "--pwfile", str(word),
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions",
            ]  # fmt: skip
            self.run(command, stdout=subprocess.DEVNULL)
        finally:
            word.unlink(missing_ok=True)
        _leave_out(folder / "postgresql.conf", ("max_connections", "shared_buffers"))

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.socket_folder), "unix_socket_permissions": "0777",
            "max_connections": "200", "shared_buffers": "128MB", "password_encryption": "scram-sha-256", **self._alone(),
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def _alone(self) -> dict[str, str]:
        """What a host of its own adds: all of its memory, and the network by TLS alone."""
        if self.network is None:
            return {}
        own = network.folder(self.places)
        return {
            **sizing.postgres(sizing.memory()), "listen_addresses": self.network.address, "port": str(self.network.port), "ssl": "on",
            "ssl_cert_file": str(own / network.CERTIFICATE), "ssl_key_file": str(own / network.KEY), "ssl_min_protocol_version": "TLSv1.2",
            "hba_file": str(own / network.RULES),
        }  # fmt: skip

    def grant(self, agent: Agent, patience: float) -> None:
        app = self.places.app
        agent.ask("connect", url=self.url(ADMIN), patience=patience)
        for role in (OWNER, APP):
            rights.login(agent, role, self.password(role))
        if not agent.ask("exists", question=f"SELECT 1 FROM pg_database WHERE datname = {rights.text(app)}")["exists"]:
            agent.ask("execute", statements=[f"CREATE DATABASE {rights.name(app)} OWNER {OWNER}"])
        agent.ask("execute", statements=rights.connecting(app, APP))
        agent.ask("connect", url=self.url(ADMIN).replace("/postgres?", f"/{quote(app)}?"))
        rights.grant(agent, OWNER, APP)

    def reload(self, agent: Agent) -> None:
        agent.ask("execute", statements=["SELECT pg_reload_conf()"])

    def shut_out(self, agent: Agent, out: bool) -> None:
        ended = [f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{APP}'"] if out else []
        agent.ask("execute", statements=[f"ALTER ROLE {APP} {'NOLOGIN' if out else 'LOGIN'}", *ended])


class Database(Served):
    """Dumped and loaded by PostgreSQL's own tools."""

    schemes = ("postgresql", "postgres")

    kind = Postgres

    def let_in(self, agent: Agent, owner: Login, app: Login) -> None:
        rights.login(agent, app.user, app.password)
        agent.ask("execute", statements=rights.connecting(app.database, app.user))
        rights.grant(agent, owner.user, app.user)

    def dump(self, path: Path) -> dict[str, int]:
        """The rows are counted in the very transaction that is dumped."""
        part = path.with_name(path.name + ".part")
        try:
            with self.asked() as agent, open(part, "wb", opener=private_file) as file:
                told = agent.ask("rows")
                self._tool("pg_dump", ["--format=custom", "--no-owner", f"--snapshot={told['snapshot']}"], self.places.app, stdout=file)
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
        return dict(told["rows"])

    def load(self, path: Path) -> None:
        """In one transaction, all of it or nothing; what is newer than the dump goes too."""
        script = path.with_name(f".{path.name}.sql.part")
        try:
            with open(path, "rb") as file, open(script, "wb", opener=private_file) as text:
                self._tool("pg_restore", ["--no-owner", "--file", "-"], None, stdin=file, stdout=text)
            clear = ["--command", f"DROP OWNED BY {OWNER} CASCADE", "--command", "CREATE SCHEMA IF NOT EXISTS public"]
            options = ["--quiet", "--no-psqlrc", "--single-transaction", "--set", "ON_ERROR_STOP=1", *clear, "--file", "-"]
            with open(script, "rb") as text:
                self._tool("psql", options, self.places.app, stdin=text, stdout=subprocess.DEVNULL)
        finally:
            script.unlink(missing_ok=True)
        cluster = self.own()
        with Agent(self.places, self.manifest) as agent:
            cluster.grant(agent, 3)

    def _tool(self, name: str, options: list[str], database: str | None, **streams: object) -> None:
        cluster = self.own()
        where = {"PGHOST": str(cluster.socket_folder), "PGPORT": cluster.socket.suffix[1:]}
        address = {**where, "PGUSER": OWNER, "PGPASSWORD": cluster.password(OWNER)}
        target = ["--dbname", database] if database else []
        cluster.run([str(cluster.binaries / name), *options, *target], env=address, **streams)


def _leave_out(path: Path, names: tuple[str, ...]) -> None:
    """Settings that the command gives: those of the file would be complained of at each reload."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(names)), encoding="utf-8")


def launch(places: Places) -> list[str]:
    """What the program of this name becomes."""
    return Postgres(places).launch()
