"""Engine `postgres`: PostgreSQL, as a cluster of a host or as a server elsewhere."""

import subprocess
from pathlib import Path
from typing import Optional
from urllib.parse import quote

from ...base import Refused, done_as, give, link, private_file, replacing, write
from . import APP, OWNER, Words, network, quoted
from .cluster import ADMIN, Agent, Cluster
from .server import ServerDatabase

_MARK = "'"  # of a text
_ROWS, _NUMBERS = "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT"


class PostgresCluster(Cluster):
    engine = "postgres"
    port = 5432
    stop_signal = "INT"  # a fast shutdown
    reload = "SELECT pg_reload_conf()"

    @property
    def binaries(self) -> Path:
        """The programs of the version that made the data: a newer one doesn't read them."""
        newest = super().binaries
        noted = self.data / "PG_VERSION"
        version = noted.read_text().strip() if noted.is_file() else newest.parent.name
        if not newest.parent.name.isdigit() or version == newest.parent.name:
            return newest
        own = newest.parent.parent / version / "bin"
        if not (own / "postgres").is_file():
            sentence = f"{self.data}: wanted PostgreSQL {version}, which made these data, found {newest.parent.name}"
            raise Refused(f"{sentence}; install postgresql-{version} beside it")
        return own

    @property
    def socket(self) -> Path:
        return self.socket_folder / f".s.PGSQL.{self._port}"

    @property
    def _port(self) -> int:
        return self.network.port if self.network else self.port

    def url(self, role: str) -> str:
        name = "postgres" if role == ADMIN else quote(self.places.app)
        # No `%` for a slash: Alembic's configuration takes it for its own.
        return f"postgresql://{role}:{self.password(role)}@/{name}?host={quote(str(self.socket_folder))}&port={self._port}"

    def initialise(self, folder: Path) -> None:
        word = folder.with_name(".word.part")  # initdb reads the password from a file that its user may open
        try:
            write(word, self.password(ADMIN).encode(), 0o400)
            give(word, self.user)
            command = [
                str(self.binaries / "initdb"), "--pgdata", str(folder), "--username", ADMIN, "--pwfile", str(word),
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions", "--data-checksums",
            ]  # fmt: skip
            self.run(command, stdout=subprocess.DEVNULL)
        finally:
            word.unlink(missing_ok=True)
        done_as(self.user, lambda: _leave_out(folder / "postgresql.conf", ("max_connections", "shared_buffers")))
        if self.places.facts.containers:  # a network of the site's own
            with (folder / "pg_hba.conf").open("a", encoding="utf-8") as rules:
                rules.write("host all all samenet scram-sha-256\n")

    def command(self) -> list[str]:
        host, port = self.bound or ("", self.port)
        settings = {
            "listen_addresses": host, "port": str(port), "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0777", "max_connections": str(network.SAME_HOST), "shared_buffers": "128MB",
            "password_encryption": "scram-sha-256",
        }  # fmt: skip
        if wanted := self.network:  # a host of its own: all memory, the network by TLS alone
            own = self.places.serves
            settings |= network.postgres(network.memory()) | {
                "listen_addresses": wanted.address, "port": str(wanted.port), "ssl": "on", "ssl_min_protocol_version": "TLSv1.2",
                "ssl_cert_file": str(own / network.CERTIFICATE), "ssl_key_file": str(own / network.KEY),
                "hba_file": str(own / network.RULES),
            }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def launch(self) -> list[str]:
        """The server calls its socket after its port; clients find it under the usual one."""
        if self.address and self.address[1] != self.port:
            link(self.socket, f".s.PGSQL.{self.address[1]}")
        return super().launch()

    def grant(self, agent: Agent, patience: float) -> None:
        app = self.places.app
        agent.ask("connect", url=self.url(ADMIN), patience=patience)
        for role in (OWNER, APP):
            _login(agent, role, self.password(role))
        if not agent.ask("find", question=f"SELECT 1 FROM pg_database WHERE datname = {quoted(app, _MARK)}")["found"]:
            agent.ask("execute", statements=[f"CREATE DATABASE {quoted(app)} OWNER {OWNER}"])
        agent.ask("connect", url=self.url(ADMIN).replace("/postgres?", f"/{quote(app)}?"))
        # From version 14 on: what the master made in it outlives a DROP OWNED of the owner's.
        found = agent.ask("find", question="SELECT 1 FROM pg_roles WHERE rolname = 'pg_database_owner'")["found"]
        _let_in(agent, app, OWNER, APP, "pg_database_owner" if found else OWNER)

    def shut_out(self, out: bool) -> list[str]:
        ended = [f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{APP}'"] if out else []
        return [f"ALTER ROLE {APP} {'NOLOGIN' if out else 'LOGIN'}", *ended]


class PostgresDatabase(ServerDatabase):
    """Dumped and loaded by PostgreSQL's own tools."""

    schemes = ("postgresql", "postgres")
    cluster_type = PostgresCluster

    def let_in(self, agent: Agent, owner: Words, app: Words) -> None:
        _login(agent, app["user"], app["password"])
        _let_in(agent, app["name"], owner["user"], app["user"], owner["user"])

    def dump(self, path: Path) -> dict[str, int]:
        """Counts the rows in the very transaction that is dumped."""
        with self.asked() as agent, replacing(path) as part, open(part, "wb", opener=private_file) as file:
            answer = agent.ask("rows")
            self._tool("pg_dump", ["--format=custom", "--no-owner", f"--snapshot={answer['snapshot']}"], self.places.app, stdout=file)
            file.flush()
            self.prove(part)
        return dict(answer["rows"])

    def prove(self, path: Path) -> None:
        with open(path, "rb") as file:
            self._tool("pg_restore", ["--no-owner", "--file", "-"], None, stdin=file, stdout=subprocess.DEVNULL)

    def load(self, path: Path) -> None:
        """Loads all in one transaction, or nothing; tables newer than the dump are dropped."""
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

    def _tool(self, name: str, options: list[str], database: Optional[str], **streams: object) -> None:
        cluster = self.own()
        address = {"PGHOST": str(cluster.socket_folder), "PGPORT": cluster.socket.suffix[1:]}
        address |= {"PGUSER": OWNER, "PGPASSWORD": cluster.password(OWNER)}
        target = ["--dbname", database] if database else []
        cluster.run([str(cluster.binaries / name), *options, *target], env=address, **streams)


def _login(agent: Agent, role: str, password: str) -> None:
    if not agent.ask("find", question=f"SELECT 1 FROM pg_roles WHERE rolname = {quoted(role, _MARK)}")["found"]:
        agent.ask("execute", statements=[f"CREATE ROLE {quoted(role)} LOGIN"])
    agent.ask("execute", statements=[f"ALTER ROLE {quoted(role)} PASSWORD {quoted(password, _MARK)}"])


def _let_in(agent: Agent, database: str, owner: str, app: str, holder: str) -> None:
    """Nobody connects but the owner and the app, which reads and writes rows of what is there and
    of what the owner makes; it changes no schema. `holder`: who has the schema `public`.
    `agent` is connected to that database."""
    default = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(owner)} IN SCHEMA public GRANT"
    statements = [
        f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {quoted(database)} TO {quoted(app)}",
        "CREATE SCHEMA IF NOT EXISTS public", f"ALTER SCHEMA public OWNER TO {quoted(holder)}", "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {quoted(app)}", f"{default} {_ROWS} ON TABLES TO {quoted(app)}",
        f"{default} {_NUMBERS} ON SEQUENCES TO {quoted(app)}",
    ]  # fmt: skip
    agent.ask("execute", statements=statements)
    for kinds, right, what in (("'r', 'p', 'v', 'm', 'f'", _ROWS, "TABLE"), ("'S'", _NUMBERS, "SEQUENCE")):
        question = (  # what an extension made may belong to somebody else
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            f" WHERE nspname = 'public' AND relkind IN ({kinds}) AND pg_has_role(relowner, 'USAGE') ORDER BY 1"
        )
        present = [f"public.{quoted(one)}" for (one,) in agent.ask("find", question=question)["found"]]
        if present:
            agent.ask("execute", statements=[f"GRANT {right} ON {what} {', '.join(present)} TO {quoted(app)}"])


def _leave_out(configuration: Path, given: tuple[str, ...]) -> None:
    """Settings that the command gives: each reload would complain of them."""
    lines = configuration.read_text(encoding="utf-8").splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith(given)), encoding="utf-8")
