"""Talks to a database for the host tool, in JSON lines; its environment holds one pure driver.

When it ends, so does the connection, and the transaction that holds the lock: a tool that is killed
leaves nothing locked, once the release command that it had started has ended too. The lock is a row
in an open transaction, so that a pooler that hands out connections by transaction can't lose it."""

import contextlib
import hashlib
import json
import sys
import time
from urllib.parse import parse_qsl, unquote, urlsplit

import engine

TABLES = (
    "CREATE TABLE IF NOT EXISTS slipway_lock (id integer PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS slipway_releases"
    " (release_id varchar(64) PRIMARY KEY, command text, host varchar(255), at timestamp DEFAULT CURRENT_TIMESTAMP)",
)
REVISIONS = ("alembic_version", "django_migrations")


class Agent:
    """One connection at a time."""

    def __init__(self):
        self.connection = None

    def connect(self, url, patience=0):
        """Connects, for `patience` seconds while nobody answers; a wrong password is final."""
        self.close()
        address = urlsplit(url)
        options = dict(parse_qsl(address.query))
        parts = {
            "user": unquote(address.username or ""), "password": unquote(address.password or ""), "host": address.hostname or "",
            "port": address.port, "database": unquote(address.path.lstrip("/")),
        }  # fmt: skip
        deadline = time.monotonic() + patience
        while True:
            try:
                self.connection = engine.connect(parts, options)
                return {}
            except Exception as error:
                if time.monotonic() > deadline or not engine.is_away(error):
                    raise
                time.sleep(0.2)

    def execute(self, statements):
        """Each statement by itself, as the engine's own tools do."""
        self.connection.rollback()
        engine.commit_each(self.connection)
        for statement in statements:
            self.query(statement)
        return {}

    def find(self, question):
        """The rows of a question."""
        return {"found": self.query(question)}

    def schema(self):
        """A fingerprint of columns, indexes and noted revisions; the latest revision."""
        found = [self.query(question) for question in engine.SCHEMA]
        noted = [self.query(f"SELECT * FROM {name}") for name, plain in self._tables() if plain in REVISIONS]
        text = repr(([[list(map(str, row)) for row in rows] for rows in found], [sorted(map(repr, rows)) for rows in noted]))
        revision = " ".join(str(value) for rows in noted if rows for value in max(rows))
        return {"schema": hashlib.sha256(text.encode()).hexdigest()[:12] if found[0] else "", "revision": revision}

    def rows(self):
        """Rows of each table, and `snapshot`: the name of their transaction, open for others."""
        self.connection.rollback()
        for statement in engine.SNAPSHOT:
            self.query(statement)
        name = self.query(engine.SNAPSHOT_NAME)[0][0] if engine.SNAPSHOT_NAME else None
        return {"rows": {plain: int(self.query(f"SELECT count(*) FROM {name}")[0][0]) for name, plain in self._tables()}, "snapshot": name}

    def unblock(self, owner, seen):
        """Holders of locks that this user waits for, by the connection that does; ends `seen`."""
        waits = {str(one): holder for one, holder in self.query(engine.WAITS, (owner,))}
        for one in waits.keys() & {*seen}:
            self.query(engine.CANCEL, (int(one),))
        return {"waits": waits}

    def take(self, release):
        """Waits for the lock; `mine` is false when the release is noted as done."""
        self._make_tables()
        for statement in engine.NO_LIMITS:
            self.query(statement)
        while True:
            try:
                self.query("SELECT id FROM slipway_lock WHERE id = 1 FOR UPDATE")
                break
            except Exception as error:
                if not error.args or error.args[0] not in engine.LOCK_TIMEOUTS:
                    raise
                self.connection.rollback()
        done = self.query("SELECT 1 FROM slipway_releases WHERE release_id = %s", (release,))
        return {"mine": not done}

    def done(self, release, command, host):
        """Notes the release and lets the lock go."""
        self.query("INSERT INTO slipway_releases (release_id, command, host) VALUES (%s, %s, %s)", (release, command, host))
        self.connection.commit()
        return {}

    def close(self):
        """Ends the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def query(self, statement, values=None):
        """The rows of a statement; none where it gives none."""
        cursor = self.connection.cursor()
        cursor.execute(statement, values) if values else cursor.execute(statement)
        return [list(row) for row in cursor.fetchall()] if cursor.description else []

    def _tables(self):
        return [(engine.quoted(*row), row[-1]) for row in self.query(engine.TABLES)]

    def _make_tables(self):
        """Two hosts may make them at once: the second one's error is none when they are there."""
        for attempt in range(5):
            try:
                for statement in TABLES:
                    self.query(statement)
                if not self.query("SELECT id FROM slipway_lock WHERE id = 1"):
                    self.query("INSERT INTO slipway_lock (id) VALUES (1)")
                return self.connection.commit()
            except Exception:
                self.connection.rollback()
                if attempt == 4:
                    raise
                time.sleep(0.2)


def main():
    """Answers until it is told to end, or its standard input ends."""
    agent = Agent()
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "end":
            break
        try:
            answer = {"ok": True, **getattr(agent, request.pop("do"))(**request)}
        except Exception as error:  # noqa: BLE001  whatever it was, the tool must hear of it
            answer = {"ok": False, "error": engine.words(error)}
        print(json.dumps(answer), flush=True)
    with contextlib.suppress(Exception):  # a server that has gone is left as well
        agent.close()


if __name__ == "__main__":
    main()
