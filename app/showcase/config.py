"""Settings: read from the environment once, so that a wrong one stops the start."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

DEVELOPMENT_DATABASE = "sqlite:///showcase.sqlite3"  # a relative path lies in Flask's instance folder

# Hosting services leave the driver out, or say `postgres`; SQLAlchemy wants both in full.
DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}

ORIGIN = re.compile(r"\*|https?://[\w.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """All that the environment decides."""

    database_url: URL
    release: str
    cors_origins: tuple[str, ...]
    secret_key: str = field(repr=False)
    secret_key_is_random: bool

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """An empty variable counts as not set: not all shells and unit files tell them apart."""
        secret_key = environ.get("SECRET_KEY", "")
        return cls(
            database_url=database_url(environ.get("DATABASE_URL") or DEVELOPMENT_DATABASE),
            release=environ.get("SLIPWAY_RELEASE") or "development",
            cors_origins=cors_origins(environ.get("CORS_ORIGINS", "")),
            secret_key=secret_key or secrets.token_urlsafe(32),
            secret_key_is_random=not secret_key,
        )


def database_url(text: str) -> URL:
    """The address with its driver. It may hold a password, so an error shows the scheme alone."""
    wanted = f"wanted SCHEME://… with one of {', '.join(DRIVERS)}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise ValueError(f"DATABASE_URL: {wanted}, found something that is no such address.") from None
    if url.get_backend_name() not in DRIVERS:
        raise ValueError(f"DATABASE_URL: {wanted}, found {url.drivername}://….")
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def cors_origins(text: str) -> tuple[str, ...]:
    """Origins, comma-separated. Checked, as flask-cors reads a stray `?` or `(` as a pattern."""
    origins = tuple(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(f"CORS_ORIGINS: wanted origins such as https://shop.example or *, found {origin!r}.")
    return origins
