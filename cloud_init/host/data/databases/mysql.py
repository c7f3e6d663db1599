"""Engine `mysql`: MariaDB in clusters of a host, since all of Debian and Ubuntu have it."""

import subprocess
from pathlib import Path
from urllib.parse import quote

from ...base import Refused, give, private_file, replacing, tail, template, write
from . import APP, OWNER, Words, network, quoted
from .cluster import ADMIN, Agent, Cluster
from .server import ServerDatabase

_MADE, _FILLED = b"CREATE TABLE `", b"INSERT INTO `"
_USERS = {ADMIN: "root", OWNER: OWNER, APP: APP}
# Neither CREATE, ALTER, DROP nor INDEX: the app's role can't change the schema.
_ROWS = "SELECT, INSERT, UPDATE, DELETE, EXECUTE, SHOW VIEW, CREATE TEMPORARY TABLES, LOCK TABLES"


class MysqlCluster(Cluster):
    """A MariaDB cluster. A user of it is a name together with the host that it comes from."""

    engine = "mysql"
    port = 3306
    reload = "FLUSH SSL"

    @property
    def socket(self) -> Path:
        return self.socket_folder / "mysqld.sock"

    def url(self, role: str) -> str:
        name = "mysql" if role == ADMIN else quote(self.places.app)
        address = f"{_USERS[role]}:{self.password(role)}@localhost/{name}"
        return f"mysql://{address}?unix_socket={quote(str(self.socket))}&charset=utf8mb4"

    def initialise(self, folder: Path) -> None:
        options = [f"--datadir={folder}", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        first = folder.with_name(".first.part")  # its master never goes without a password
        statements = template(__package__, "mysql-first.sql", PASSWORD=self.password(ADMIN))
        try:
            write(first, statements.encode(), 0o400)
            give(first, self.user)
            self.run(["mariadb-install-db", "--no-defaults", *options, f"--extra-file={first}"], stdout=subprocess.DEVNULL)
        finally:
            first.unlink(missing_ok=True)

    def command(self) -> list[str]:
        host, port = self.bound or ("127.0.0.1", self.port)
        settings = {
            "datadir": str(self.data), "socket": str(self.socket), "pid-file": str(self.socket_folder / "mysqld.pid"),
            "skip-networking": "OFF" if self.bound else "ON", "bind-address": host, "port": str(port),
            "innodb-buffer-pool-size": "128M", "max-connections": str(network.SAME_HOST), "character-set-server": "utf8mb4",
            "collation-server": "utf8mb4_unicode_ci", "skip-name-resolve": "ON",
        }  # fmt: skip
        if wanted := self.network:  # a host of its own: all memory, the network by TLS alone
            own = self.places.serves
            settings |= network.mariadb(network.memory()) | {
                "skip-networking": "OFF", "bind-address": wanted.address, "port": str(wanted.port),
                "ssl-cert": str(own / network.CERTIFICATE), "ssl-key": str(own / network.KEY), "tls-version": "TLSv1.2,TLSv1.3",
                "require-secure-transport": "ON",
            }  # fmt: skip
        return [str(self.binaries / "mariadbd"), "--no-defaults", *(f"--{name}={value}" for name, value in settings.items())]

    @property
    def _hosts(self) -> list[str]:
        """The hosts that its users may come from."""
        others = ["%"] if self.places.facts.containers else ["127.0.0.1"]  # a network of the site's own
        return ["localhost", *(network.hosts(self.network.clients) if self.network else others)]

    def grant(self, agent: Agent, patience: float) -> None:
        agent.ask("connect", url=self.url(ADMIN), patience=patience)
        statements = [f"CREATE DATABASE IF NOT EXISTS {quoted(self.places.app, '`')} CHARACTER SET utf8mb4"]
        for role, rights in ((OWNER, "ALL"), (APP, _ROWS)):
            for host in self._hosts:
                statements += _login(role, host, self.password(role), self.places.app, rights)
        # The installation's users go, and those of networks let in no more; connections stay.
        known = {("root", "localhost"), ("mariadb.sys", "localhost"), *((role, host) for role in (OWNER, APP) for host in self._hosts)}
        users = agent.ask("find", question="SELECT User, Host FROM mysql.user")["found"]
        strangers = [f"DROP USER {_user(user, host)}" for user, host in users if (user, host) not in known]
        agent.ask("execute", statements=[*statements, *strangers])

    def shut_out(self, out: bool) -> list[str]:
        lock = [f"ALTER USER {APP}@'{host}' ACCOUNT {'LOCK' if out else 'UNLOCK'}" for host in self._hosts]
        return [*lock, *([f"KILL USER {APP}"] if out else [])]


class MysqlDatabase(ServerDatabase):
    """Dumped and loaded by MariaDB's own tools."""

    schemes = ("mysql", "mariadb")
    cluster_type = MysqlCluster

    def let_in(self, agent: Agent, owner: Words, app: Words) -> None:
        # From anywhere: its own firewall says who reaches such a server.
        agent.ask("execute", statements=_login(app["user"], "%", app["password"], app["name"], _ROWS))

    def dump(self, path: Path) -> dict[str, int]:
        """Writes and counts a line for each row: no other connection can join the dump."""
        content = ["--routines", "--triggers", "--events", "--hex-blob", "--no-tablespaces", "--skip-extended-insert", "--no-autocommit"]
        with replacing(path) as part:
            with open(part, "wb", opener=private_file) as file:
                self._tool("mariadb-dump", ["--single-transaction", "--skip-lock-tables", *content, self.places.app], stdout=file)
            self.prove(part)
            return _counted(part)

    def prove(self, path: Path) -> None:
        """The tool's last line says that it wrote all; a hash says whether that is there still."""
        if not "".join(tail(path, 1)).startswith("-- Dump completed"):
            raise Refused(f"{path}: wanted a whole dump, found no `-- Dump completed` at its end; restore another backup")

    def load(self, path: Path) -> None:
        """The statements can't be undone: the caller keeps a dump of what was there."""
        name = quoted(self.places.app, "`")
        with self.asked(self.own().url(ADMIN)) as agent:
            agent.ask("execute", statements=[f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} CHARACTER SET utf8mb4"])
        with open(path, "rb") as file:
            self._tool("mariadb", ["--batch", self.places.app], stdin=file)

    def _tool(self, name: str, options: list[str], **streams: object) -> None:
        cluster = self.own()
        address = {"MYSQL_PWD": cluster.password(OWNER)}
        cluster.run([name, "--no-defaults", f"--socket={cluster.socket}", f"--user={OWNER}", *options], env=address, **streams)


def _counted(path: Path) -> dict[str, int]:
    """Rows by table in a dump; bodies of triggers stand between changes of the delimiter."""
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


def _login(role: str, host: str, password: str, database: str, rights: str) -> list[str]:
    """Statements for the role as it comes from that host, here or on a server elsewhere."""
    who = _user(role, host)
    return [
        f"CREATE USER IF NOT EXISTS {who}",
        f"ALTER USER {who} IDENTIFIED BY {_text(password)}",
        f"GRANT {rights} ON {quoted(database, '`')}.* TO {who}",
    ]


def _user(role: str, host: str) -> str:
    return f"{_text(role)}@{_text(host)}"


def _text(value: str) -> str:
    return quoted(value.replace("\\", "\\\\"), "'")
