"""MariaDB, for `mysql`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import quote

from ..files import private_file
from ..outcome import Refused
from ..places import Places
from .agent import Agent
from .base import APP, OWNER
from .cluster import ADMIN, Cluster
from .served import Served

# Neither CREATE, ALTER, DROP nor INDEX: the app's role can't change the schema.
_ROWS = "SELECT, INSERT, UPDATE, DELETE, EXECUTE, SHOW VIEW, CREATE TEMPORARY TABLES, LOCK TABLES"
_MADE, _FILLED = b"CREATE TABLE `", b"INSERT INTO `"
_USERS = {ADMIN: "root", OWNER: OWNER, APP: APP}


class MariaDB(Cluster):
    """Sized for a small host."""

    engine = "mysql"

    @property
    def socket(self) -> Path:
        return self.socket_folder / "mysqld.sock"

    def url(self, role: str) -> str:
        name = "mysql" if role == ADMIN else quote(self.places.app)
        address = f"{_USERS[role]}:{self.password(role)}@localhost/{name}"
        return f"mysql://{address}?unix_socket={quote(str(self.socket), safe='')}&charset=utf8mb4"

    def initialise(self, folder: Path) -> None:
        options = [
            "--no-defaults",
            f"--datadir={folder}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ]
        self.run(["mariadb-install-db", *options], stdout=subprocess.DEVNULL)

    def command(self) -> list[str]:
        settings = {
            "datadir": self.data, "socket": self.socket, "pid-file": self.socket_folder / "mysqld.pid", "skip-networking": "ON",
            "innodb-buffer-pool-size": "128M", "max-connections": "200", "character-set-server": "utf8mb4",
            "collation-server": "utf8mb4_unicode_ci",
        }  # fmt: skip
        return [str(self.binaries / "mariadbd"), "--no-defaults", *(f"--{name}={value}" for name, value in settings.items())]

    def grant(self, agent: Agent, patience: float) -> None:
        admin = self.url(ADMIN)
        try:
            agent.ask("connect", url=admin, patience=patience)
        except Refused:
            # A new cluster's root has no password yet; its socket is the app's user's alone.
            agent.ask("connect", url=admin.replace(f":{self.password(ADMIN)}@", ":@"), patience=0)
            agent.ask("execute", statements=[f"ALTER USER root@localhost IDENTIFIED BY '{self.password(ADMIN)}'"])
        name = "`" + self.places.app.replace("`", "``") + "`"
        statements = [f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4"]
        for role, rights in ((OWNER, "ALL"), (APP, _ROWS)):
            statements += [
                f"CREATE USER IF NOT EXISTS {role}@localhost", f"ALTER USER {role}@localhost IDENTIFIED BY '{self.password(role)}'",
                f"GRANT {rights} ON {name}.* TO {role}@localhost",
            ]  # fmt: skip
        agent.ask("execute", statements=statements)


class Database(Served):
    """Dumped and loaded by MariaDB's own tools."""

    schemes = ("mysql", "mariadb")

    kind = MariaDB

    def dump(self, path: Path) -> dict[str, int]:
        """A line for each row, which is how they are counted: MariaDB lets no other connection join the transaction that is dumped."""
        part = path.with_name(path.name + ".part")
        content = ["--routines", "--triggers", "--events", "--hex-blob", "--no-tablespaces", "--skip-extended-insert", "--no-autocommit"]
        try:
            with open(part, "wb", opener=private_file) as file:
                self._tool("mariadb-dump", ["--single-transaction", "--skip-lock-tables", *content, self.places.app], stdout=file)
            rows = _counted(part)
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
        return rows

    def load(self, path: Path) -> None:
        """Its statements can't be taken back: whoever calls keeps a dump of what was there."""
        cluster = self.own()
        name = "`" + self.places.app.replace("`", "``") + "`"
        with Agent(self.places, self.manifest) as agent:
            agent.ask("connect", url=cluster.url(ADMIN), patience=3)
            agent.ask("execute", statements=[f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} CHARACTER SET utf8mb4"])
        with open(path, "rb") as file:
            self._tool("mariadb", ["--batch", self.places.app], stdin=file)

    def _tool(self, name: str, options: list[str], **streams: object) -> None:
        cluster = self.own()
        address = {"MYSQL_PWD": cluster.password(OWNER)}
        cluster.run([name, "--no-defaults", f"--socket={cluster.socket}", f"--user={OWNER}", *options], env=address, **streams)


def _counted(path: Path) -> dict[str, int]:
    """Rows of each table in a dump. What triggers and routines hold stands between changes of the delimiter."""
    rows: dict[str, int] = {}
    plain = True
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"DELIMITER "):
                plain = line.split() == [b"DELIMITER", b";"]
            elif plain and line.startswith((_MADE, _FILLED)):
                name = line.split(b"`")[1].decode()
                rows[name] = rows.get(name, 0) + line.startswith(_FILLED)
    return {name: count for name, count in rows.items() if not name.startswith("slipway_")}


def launch(places: Places) -> list[str]:
    """What the program of this name becomes."""
    return MariaDB(places).command()
