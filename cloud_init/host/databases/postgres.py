"""PostgreSQL."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import quote

from ..files import private_file, write
from ..outcome import Refused
from ..places import Places
from ..user import give
from .agent import Agent
from .base import APP, OWNER
from .cluster import ADMIN, Cluster
from .served import Served


class Postgres(Cluster):
    """Sized for a small host; `INT` is PostgreSQL's fast shutdown."""

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
        return self.socket_folder / ".s.PGSQL.5432"

    def url(self, role: str) -> str:
        name = "postgres" if role == ADMIN else quote(self.places.app)
        return f"postgresql://{role}:{self.password(role)}@/{name}?host={quote(str(self.socket_folder), safe='')}"

    def initialise(self, folder: Path) -> None:
        word = folder.with_name(".word.part")  # initdb reads the password from a file that its user may open
        try:
            write(word, self.password(ADMIN).encode(), 0o400)
            give(word, self.places.user)
            command = [
                str(self.binaries / "initdb"), "--pgdata", str(folder), "--username", ADMIN, "--pwfile", str(word),
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions",
            ]  # fmt: skip
            self.run(command, stdout=subprocess.DEVNULL)
        finally:
            word.unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(self.socket_folder), "unix_socket_permissions": "0770",
            "max_connections": "200", "shared_buffers": "128MB", "password_encryption": "scram-sha-256",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def grant(self, agent: Agent, patience: float) -> None:
        name = '"' + self.places.app.replace('"', '""') + '"'
        agent.ask("connect", url=self.url(ADMIN), patience=patience)
        for role in (OWNER, APP):
            if not agent.ask("exists", question=f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")["exists"]:
                agent.ask("execute", statements=[f"CREATE ROLE {role} LOGIN"])
            agent.ask("execute", statements=[f"ALTER ROLE {role} PASSWORD '{self.password(role)}'"])
        literal = self.places.app.replace("'", "''")
        if not agent.ask("exists", question=f"SELECT 1 FROM pg_database WHERE datname = '{literal}'")["exists"]:
            agent.ask("execute", statements=[f"CREATE DATABASE {name} OWNER {OWNER}"])
        rights = [f"REVOKE ALL ON DATABASE {name} FROM PUBLIC", f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {APP}"]
        agent.ask("execute", statements=rights)
        agent.ask("connect", url=self.url(ADMIN).replace("/postgres?", f"/{quote(self.places.app)}?"))
        default = f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT"
        statements = [
            f"ALTER SCHEMA public OWNER TO {OWNER}", "REVOKE ALL ON SCHEMA public FROM PUBLIC", f"GRANT USAGE ON SCHEMA public TO {APP}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP}",
            f"{default} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}", f"{default} USAGE, SELECT ON SEQUENCES TO {APP}",
        ]  # fmt: skip
        agent.ask("execute", statements=statements)


class Database(Served):
    """Dumped and loaded by PostgreSQL's own tools."""

    schemes = ("postgresql", "postgres")

    kind = Postgres

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
        address = {"PGHOST": str(cluster.socket_folder), "PGUSER": OWNER, "PGPASSWORD": cluster.password(OWNER)}
        target = ["--dbname", database] if database else []
        cluster.run([str(cluster.binaries / name), *options, *target], env=address, **streams)


def launch(places: Places) -> list[str]:
    """What the program of this name becomes."""
    return Postgres(places).command()
