"""The JSON API: list, create, get and delete, the same for every table; `RESOURCES` says in what the tables differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import Blueprint, Response, jsonify, url_for
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Conflict, NotFound

from . import intake, rules
from .database import db
from .errors import Duplicate, Problem
from .models import ContentMain, Entry, GithubInfo, UserInfo, VideoInfo
from .rules import Rule

LATEST_PAGE = 1_000_000  # keeps page times size within what databases count with
LONGEST_TEXT = 10_000  # four bytes a letter at most, which still fits MySQL's TEXT of 64 KiB

blueprint = Blueprint("api", __name__, url_prefix="/api")


@dataclass(frozen=True)
class Resource:
    """A table as the API offers it. `unique`: the fields that no two rows may share. `filters`: the columns to list by."""

    path: str
    name: str
    model: type[Entry]
    fields: Mapping[str, Rule[Any]]
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
            "duration": rules.whole(1, 24 * 60 * 60),
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
            "body": rules.text(LONGEST_TEXT, lines=True),
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


class Entries(MethodView):
    """`/api/users`: all entries, a page at a time, newest first; and the place to add one."""

    init_every_request = False

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    def get(self) -> ResponseReturnValue:
        asked = intake.query(
            {
                "page": rules.written(int, 1, LATEST_PAGE),
                "per_page": rules.written(int, 1, 100),
                **{name: rules.text(253) for name in self.resource.filters},
            },
            page=1,
            per_page=20,
        )
        page, per_page = asked.pop("page"), asked.pop("per_page")
        model = self.resource.model
        total = db.session.scalar(select(func.count()).select_from(model).filter_by(**asked)) or 0
        chosen = select(model).filter_by(**asked).order_by(model.id.desc())
        items = db.session.scalars(chosen.limit(per_page).offset((page - 1) * per_page))
        return jsonify(
            items=[item.as_json() for item in items],
            page=page,
            per_page=per_page,
            pages=ceil(total / per_page),
            total=total,
        )

    def post(self) -> ResponseReturnValue:
        values = intake.body(self.resource.fields)
        entry = self.resource.model(**values)
        db.session.add(entry)
        try:
            db.session.commit()  # the table decides about duplicates: a look beforehand would leave room for a race
        except IntegrityError:
            db.session.rollback()
            raise self.clash(values) from None
        return jsonify(entry.as_json()), 201, {"Location": url_for(f"api.{self.resource.name}", key=entry.id)}

    def clash(self, values: Mapping[str, Any]) -> Conflict | Duplicate:
        """What a constraint stood against: a duplicate, or a user deleted since the rules looked it up."""
        same = {name: values[name] for name in self.resource.unique}
        if not same or db.session.scalar(select(self.resource.model.id).filter_by(**same)) is None:
            return Conflict("Something this entry refers to was deleted meanwhile.")
        wanted = f"what no other {self.resource.name} has"
        together = f"{wanted} together with {' and '.join(same)}" if len(same) > 1 else wanted
        return Duplicate([Problem(name, together, intake.shown(value)) for name, value in same.items()])


class OneEntry(MethodView):
    """`/api/users/1`: one entry."""

    init_every_request = False

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    def get(self, key: int) -> ResponseReturnValue:
        entry = db.session.get(self.resource.model, key) if key <= rules.BIGGEST else None
        if entry is None:
            raise self.missing(key)
        return jsonify(entry.as_json())

    def delete(self, key: int) -> ResponseReturnValue:
        """One statement, so that of two requests for the same entry one succeeds and the other learns that it is gone."""
        model = self.resource.model
        try:
            gone = db.session.scalars(select(model.id).where(model.id == key)).all() if key <= rules.BIGGEST else []
            db.session.execute(delete(model).where(model.id == key))
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            raise Conflict(f"{self.resource.name} {key} is still referred to; delete its entries first.") from None
        if not gone:
            raise self.missing(key)
        return Response(status=204)

    def missing(self, key: int) -> NotFound:
        return NotFound(f"There is no {self.resource.name} {key}.")


for resource in RESOURCES:
    blueprint.add_url_rule(f"/{resource.path}", view_func=Entries.as_view(resource.path, resource))
    blueprint.add_url_rule(f"/{resource.path}/<int:key>", view_func=OneEntry.as_view(resource.name, resource))
