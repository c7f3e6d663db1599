"""The database: the app's handle, the options of each engine, what SQLite is told on connecting."""

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from .models import Base

# Models derive from `Base`: type checkers can't follow `db.Model`. The shared metadata joins both.
db = SQLAlchemy(metadata=Base.metadata)

BUSY_SECONDS = 5  # how long a writer waits for another one: two releases share the file while one takes over
CONNECT_SECONDS = 3  # short of any health check's own limit, so that the answer is "no" rather than none


def engine_options(url: URL) -> dict[str, Any]:
    """What `create_engine` is given besides the address."""
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": BUSY_SECONDS}}
    return {
        "connect_args": {"connect_timeout": CONNECT_SECONDS},
        "pool_pre_ping": True,  # a database that was restarted costs a new connection, not a failed request
        "pool_timeout": CONNECT_SECONDS,
    }


def init_app(app: Flask) -> None:
    """Bind the handle to the app. This makes the engine, which connects on first use."""
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", prepare_sqlite)


def prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    """Readers beside a writer (WAL), and foreign keys that hold: SQLite has both off by default."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
