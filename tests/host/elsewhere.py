"""A database that somebody else runs: started by a test, unprivileged, on loopback; its two roles have passwords that need quoting."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ports

from cloud_init.host.base import places as installed

OWNER, APP = "kee/p@er", "a?p#p:1"  # passwords
_SLEEP = {"postgres": "SELECT pg_sleep({})", "mysql": "SELECT SLEEP({})"}

# What the master of a managed MySQL may do, of what matters here: neither SUPER nor FILE, and nothing in the system's own tables.
_MASTER = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW,"
    " SHOW VIEW, CREATE USER"
)


class Elsewhere:
    """Both engines alike; PostgreSQL's owner comes through PgBouncer, which hands out connections by transaction.

    `managed`: its owner is the master that a cloud gives, no superuser, and there is no other role.
    """

    def __init__(self, engine, managed=False):
        self.engine, self.managed = engine, managed
        self.binaries = Path(installed.databases()[engine])
        self.folder = Path(tempfile.mkdtemp(prefix="slipway-elsewhere-"))
        self.port, self.pooler = ports.free(), ports.free()
        self.user: dict[str, Any] = {} if os.geteuid() else {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
        if self.user:
            shutil.chown(self.folder, "nobody")
        self.running = []
        try:
            getattr(self, f"_make_{engine}")()
        except BaseException:
            self.remove()
            raise

    def url(self, role, password=None, port=None):
        scheme = {"postgres": "postgresql", "mysql": "mysql"}[self.engine]
        word = quote({"keeper": OWNER, "app": APP}[role] if password is None else password, safe="")
        usual = self.pooler if (self.engine, role) == ("postgres", "keeper") else self.port
        return f"{scheme}://{role}:{word}@127.0.0.1:{port or usual}/shop"

    def secrets(self):
        return {"DATABASE_URL": self.url("app"), "DATABASE_OWNER_URL": self.url("keeper")}

    def strange(self):
        """A table that belongs to somebody else, as an extension's do; what an older release granted too much is none of it."""
        if self.engine == "postgres":
            self.ask("CREATE TABLE public.strange (x integer)")

    def sleep(self, seconds):
        return _SLEEP[self.engine].format(seconds)

    def ask(self, statement, base="shop"):
        """What it answers, line by line, to its administrator."""
        if self.engine == "postgres":
            command = [self.binaries / "psql", "-XAtq", "-h", self.folder, "-p", str(self.port), "-U", "admin", "-d", base, "-c", statement]
        else:
            socket = f"--socket={self.folder}/s"
            command = ["mariadb", "--no-defaults", "-NB", socket, "-uroot", base, "-e", statement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def start(self):
        getattr(self, f"_start_{self.engine}")()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                return self.ask("SELECT 1", {"postgres": "postgres", "mysql": "mysql"}[self.engine])
            except AssertionError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self, how=signal.SIGKILL):
        """The server at once; without leaving children."""
        for process in self.running:
            os.killpg(process.pid, how)
            process.wait()
        self.running.clear()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, *command):
        done = subprocess.run(list(map(str, command)), cwd="/", capture_output=True, text=True, check=False, **self.user)
        assert done.returncode == 0, done.stdout + done.stderr

    def _keep(self, *command):
        with (self.folder / "log").open("a") as log:
            words = list(map(str, command))
            self.running.append(subprocess.Popen(words, cwd="/", stdout=log, stderr=log, start_new_session=True, **self.user))

    def _make_postgres(self):
        self._run(
            self.binaries / "initdb", "-D", self.folder / "data", "-U", "admin", "--auth-local=trust", "--auth-host=scram-sha-256", "-N"
        )
        (self.folder / "users").write_text(f'"keeper" "{OWNER}"\n')
        (self.folder / "pooler.ini").write_text(
            f"[databases]\nshop = host=127.0.0.1 port={self.port} dbname=shop\n[pgbouncer]\npool_mode = transaction\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.pooler}\nunix_socket_dir =\nauth_type = plain\nauth_file = {self.folder}/users\n"
        )
        self.start()
        self.ask(f"CREATE ROLE keeper LOGIN CREATEDB CREATEROLE PASSWORD '{OWNER}'", "postgres")
        self.ask("CREATE DATABASE shop OWNER keeper", "postgres")
        if self.managed:
            return
        self.ask(f"CREATE ROLE app LOGIN PASSWORD '{APP}'", "postgres")
        self.ask("ALTER SCHEMA public OWNER TO keeper")
        for rights in ("SELECT, INSERT ON TABLES", "USAGE ON SEQUENCES"):
            self.ask(f"ALTER DEFAULT PRIVILEGES FOR ROLE keeper GRANT {rights} TO app")

    def _start_postgres(self):
        where = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"]
        self._keep(self.binaries / "postgres", "-D", self.folder / "data", "-p", self.port, *where)
        self._keep("pgbouncer", self.folder / "pooler.ini")

    def _make_mysql(self):
        data = f"--datadir={self.folder}/data"
        self._run("mariadb-install-db", "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db")
        self.start()
        self.ask("CREATE DATABASE shop", "mysql")
        self.ask(f"CREATE USER keeper@'127.0.0.1' IDENTIFIED BY '{OWNER}'")
        if self.managed:
            return self.ask(f"GRANT {_MASTER} ON *.* TO keeper@'127.0.0.1' WITH GRANT OPTION")
        self.ask(f"CREATE USER app@'127.0.0.1' IDENTIFIED BY '{APP}'; GRANT SELECT, INSERT ON shop.* TO app@'127.0.0.1'")
        self.ask("GRANT ALL ON shop.* TO keeper@'127.0.0.1'")

    def _start_mysql(self):
        where = [f"--datadir={self.folder}/data", f"--socket={self.folder}/s", f"--pid-file={self.folder}/pid"]
        options = [
            "--no-defaults",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=32M",
        ]
        self._keep(self.binaries / "mariadbd", *options, *where)
