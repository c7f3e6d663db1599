"""A host's database as it is seen from outside: by the engine's own client, never by what is tested."""

import hashlib
import json
import os
import sqlite3
import subprocess
from contextlib import closing


class Outside:
    """Asks as the owner of the schema."""

    def __init__(self, bench, engine):
        self.engine, self.tree = engine, bench.folder / ".slipway/t"
        self.binaries = bench.facts["databases"].get(engine)
        self.socket = f"{bench.facts['run']}/database"

    def ask(self, *statements):
        """What the last one answers, line by line."""
        return getattr(self, f"_{self.engine}")(statements)

    def sums(self, where=""):
        """Rows and a checksum of the ordered rows of each of the two tables."""
        found = {name: self.ask(f"SELECT * FROM {name} {where} ORDER BY id") for name in ("items", "more")}
        return {name: (len(lines), hashlib.sha256(repr(lines).encode()).hexdigest()) for name, lines in found.items()}

    def count(self, table):
        return int(self.ask(f"SELECT count(*) FROM {table}")[0])

    def drop_everything(self):
        self.ask("DROP TABLE more", "DROP TABLE items")

    def _sqlite(self, statements):
        path = self.tree / "srv/slipway/demo/shared/app.sqlite3"
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as base:
            answers = [base.execute(statement).fetchall() for statement in statements]
        return ["|".join(map(str, row)) for row in answers[-1]]

    def _postgres(self, statements):
        words = [word for statement in statements for word in ("-c", statement)]
        command = [f"{self.binaries}/psql", "-XAtq", "-F", "\x1f", "-0", "-h", self.socket, "-U", "owner", "-d", "demo", *words]
        return self._run(command, PGPASSWORD=self._password()).split("\0")[:-1]

    def _mysql(self, statements):
        command = ["mariadb", "--no-defaults", "-NB", f"--socket={self.socket}/mysqld.sock", "-uowner", "demo", "-e"]
        return self._run([*command, ";".join(statements)], MYSQL_PWD=self._password()).splitlines()

    def _password(self):
        return json.loads((self.tree / f"srv/slipway/demo/data/passwords/{self.engine}/owner.json").read_text())["password"]

    def _run(self, command, **environment):
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
