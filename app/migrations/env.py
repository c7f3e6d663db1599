"""How Alembic reaches the database: through the app. On SQLite an upgrade is one transaction."""

import logging
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from showcase.database import db, engine_options


def migration_engine() -> Engine:
    """An engine of its own: these connections are set up unlike those that serve requests."""
    connect_args = engine_options(db.engine.url)["connect_args"]
    engine = create_engine(db.engine.url, poolclass=NullPool, connect_args=connect_args)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    return engine


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Foreign keys are off: batch mode puts a copy in a table's place, and a drop deletes rows."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = OFF")


def begin_sqlite(connection: Connection) -> None:
    """Explicit: Python's driver begins at the first row written, when tables are changed already.

    Write-locked from the start, so that a second upgrade waits and then finds its work done.
    """
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def check_foreign_keys(connection: Connection) -> None:
    """What was not watched on the way has to hold in the end."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise CommandError(f"A migration leaves a row of {broken[0]!r} that refers to a missing one of {broken[2]!r}.")


def run() -> None:
    if context.is_offline_mode():
        raise CommandError("These migrations read rows, so they cannot be written out as SQL beforehand.")
    with migration_engine().connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,  # SQLite can't alter most things: a batch makes the table anew
            transactional_ddl=True if sqlite else None,  # Alembic knows of the others what they can do
        )
        with context.begin_transaction():
            context.run_migrations()
            if sqlite:
                check_foreign_keys(connection)


logging.basicConfig(format="%(levelname)s %(message)s")
logging.getLogger("alembic.runtime.migration").setLevel(logging.INFO)
run()
