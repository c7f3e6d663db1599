"""The tables. Every column has a length and a type that SQLite, PostgreSQL and MySQL keep alike."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import DateTime, Dialect, ForeignKey, MetaData, String, Text, UniqueConstraint, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, validates
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored as UTC without its zone, which MySQL and SQLite would drop silently."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


def now() -> datetime:
    """Whole seconds: MySQL rounds to them, and rounding up puts new entries into the future."""
    return datetime.now(UTC).replace(microsecond=0)


def site_of(url: str) -> str:
    """The host in an address: `videos.example` of `https://videos.example/42`."""
    return urlsplit(url).hostname or ""


class Base(DeclarativeBase):
    """Constraints get names by rule: a later migration can only change what it can name."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class Entry(Base):
    """What every table has."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now, sort_order=1)

    def as_json(self) -> dict[str, object]:
        """The columns, in the order of the table."""
        values = {column.key: getattr(self, column.key) for column in inspect(type(self)).columns}
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}


class UserInfo(Entry):
    """A person. Videos and texts belong to one; the foreign keys keep it as long as they exist."""

    __tablename__ = "user_info"

    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(254), unique=True)


class VideoInfo(Entry):
    """A video somewhere on the web; `duration` is in seconds."""

    __tablename__ = "video_info"
    __table_args__ = (UniqueConstraint("user_id", "url"),)

    title: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(500))
    duration: Mapped[int]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_info.id"))
    # Empty in rows of a release from before this column, which still serves beside a newer one.
    site: Mapped[str] = mapped_column(String(253), server_default="", index=True)

    user: Mapped[UserInfo] = relationship()

    @validates("url")
    def _site_follows(self, _key: str, url: str) -> str:
        self.site = site_of(url)
        return url


class ContentMain(Entry):
    """A text and who wrote it."""

    __tablename__ = "content_main"

    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int] = mapped_column(ForeignKey("user_info.id"))

    author: Mapped[UserInfo] = relationship()


class GithubInfo(Entry):
    """A repository. It stands alone: its owner need not be one of the users."""

    __tablename__ = "github_info"
    __table_args__ = (UniqueConstraint("login", "repo"),)

    login: Mapped[str] = mapped_column(String(39))
    repo: Mapped[str] = mapped_column(String(100))
    stars: Mapped[int]
