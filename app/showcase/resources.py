"""What the API offers: for each table its address, its name in messages, its fields' rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import rules
from .models import ContentMain, Entry, GithubInfo, UserInfo, VideoInfo

A_DAY = 24 * 60 * 60
LONGEST_BODY = 10_000  # a letter takes four bytes at most, and MySQL's TEXT holds 64 KiB


@dataclass(frozen=True)
class Resource:
    """A table in the API. `unique`: fields that no two rows share; `filters`: to list by."""

    path: str
    name: str
    model: type[Entry]
    fields: Mapping[str, rules.Rule[Any]]
    unique: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


RESOURCES = (
    Resource(
        path="users",
        name="user",
        model=UserInfo,
        fields={"name": rules.text(80), "email": rules.email()},
        unique=("email",),
    ),
    Resource(
        path="videos",
        name="video",
        model=VideoInfo,
        fields={
            "title": rules.text(200),
            "url": rules.web_address(),
            "duration": rules.whole(1, A_DAY),
            "user_id": rules.id_of(UserInfo, "user"),
        },
        unique=("user_id", "url"),
        filters=("site",),
    ),
    Resource(
        path="contents",
        name="content",
        model=ContentMain,
        fields={
            "title": rules.text(200),
            "body": rules.text(LONGEST_BODY, lines=True),
            "author_id": rules.id_of(UserInfo, "user"),
        },
    ),
    Resource(
        path="github",
        name="repository",
        model=GithubInfo,
        fields={
            "login": rules.pattern(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}", "a GitHub login such as ada-lovelace"),
            "repo": rules.pattern(r"[\w.-]{1,100}", "a repository name such as engine"),
            "stars": rules.whole(0, rules.BIGGEST),
        },
        unique=("login", "repo"),
    ),
)
