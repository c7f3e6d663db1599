"""`/healthz`: does the database answer, and is its schema one that this code can work with?

A schema *behind* the code is refused: queries would fail. One *ahead* of it is fine: while a new
release comes up, its migrations have run and the old release still serves. Refusing would take the
old one down at that very moment. This is also why a migration here only adds: the release before it
has to keep working on its result.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from time import perf_counter

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from .config import MIGRATIONS
from .database import db

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}

blueprint = Blueprint("health", __name__)


class State(StrEnum):
    """How database and code fit. The text is what people and machines read."""

    OK = "ok"
    AHEAD = "ahead"
    BEHIND = "behind"
    AWAY = "away"


@dataclass(frozen=True)
class Database:
    """One look at the database. `cause` is the kind of error: its text can name hosts and users."""

    engine: str
    state: State
    cause: str = ""
    milliseconds: float | None = None

    @property
    def usable(self) -> bool:
        return self.state in {State.OK, State.AHEAD}

    @property
    def message(self) -> str:
        return {
            State.OK: "The database answers and its schema is this release's.",
            State.AHEAD: "The database answers; a newer release has changed its schema already.",
            State.BEHIND: "The database's schema is older than this release: run `flask db upgrade`.",
            State.AWAY: f"The database can't be read ({self.cause}).",
        }[self.state]


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    database = look()
    answer = {"database": database.cause or database.state, "engine": db.engine.dialect.name}
    answer |= {"release": current_app.config["RELEASE"]}
    if database.state is not State.OK:
        answer |= {"message": database.message}
    return jsonify(answer), 200 if database.usable else 503, {"Cache-Control": "no-store"}


def look() -> Database:
    """Reads the schema's revision, a table of one row: cheap, and it also shows a connection."""
    started = perf_counter()
    try:
        with db.engine.connect() as connection:
            found = set(MigrationContext.configure(connection).get_current_heads())
    except SQLAlchemyError as error:
        return away(error)
    return Database(engine_name(), compare(found), milliseconds=(perf_counter() - started) * 1000)


def away(error: SQLAlchemyError) -> Database:
    """What is known of a database that can't be read. It all goes to the log, and only there."""
    current_app.logger.warning("database: %s", error)
    return Database(engine_name(), State.AWAY, cause=type(error).__name__)


def compare(found: set[str]) -> State:
    """A revision that this code has never heard of can only come from a newer release."""
    newest, known = revisions()
    if found == newest:
        return State.OK
    return State.AHEAD if found - known else State.BEHIND


@cache
def revisions() -> tuple[frozenset[str], frozenset[str]]:
    """The newest revision of the code and all it knows: files of the release, which stay."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return frozenset(scripts.get_heads()), frozenset(script.revision for script in scripts.walk_revisions())


def engine_name() -> str:
    """`PostgreSQL 17.2`; without the version until a first connection has told it."""
    dialect = db.engine.dialect
    name = ENGINES["mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name]
    version = getattr(dialect, "server_version_info", None) or ()
    return " ".join([name, ".".join(str(part) for part in version if isinstance(part, int))]).strip()
