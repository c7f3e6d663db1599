"""The JSON API: list, create, get and delete, the same for each of the resources."""

from collections.abc import Mapping
from math import ceil
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, url_for
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Conflict, NotFound

from . import intake, rules
from .database import db
from .errors import Duplicate, Problem
from .resources import RESOURCES, Resource

LAST_PAGE = 1_000_000  # keeps page times size within what databases count with

blueprint = Blueprint("api", __name__, url_prefix="/api")


class Entries(MethodView):
    """`/api/users`: all entries, newest first, a page at a time; and the place to add one."""

    init_every_request = False

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.asked: intake.Rules = {
            "page": rules.written(int, 1, LAST_PAGE),
            "per_page": rules.written(int, 1, 100),
            **{name: rules.text(253) for name in resource.filters},
        }

    def get(self) -> ResponseReturnValue:
        filters = intake.query(self.asked, page=1, per_page=20)
        page, per_page = filters.pop("page"), filters.pop("per_page")
        model = self.resource.model
        total = db.session.scalar(sa.select(sa.func.count()).select_from(model).filter_by(**filters)) or 0
        newest = sa.select(model).filter_by(**filters).order_by(model.id.desc())
        entries = db.session.scalars(newest.limit(per_page).offset((page - 1) * per_page))
        return jsonify(
            items=[entry.as_json() for entry in entries],
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
        """What a constraint refused: a duplicate, or a user deleted since the rules looked."""
        same = {name: values[name] for name in self.resource.unique}
        if not same or db.session.scalar(sa.select(self.resource.model.id).filter_by(**same)) is None:
            return Conflict("What this entry refers to was deleted meanwhile.")
        together = f" together with {' and '.join(same)}" if len(same) > 1 else ""
        wanted = f"one that no other {self.resource.name} has{together}"
        return Duplicate([Problem(name, wanted, intake.shown(value)) for name, value in same.items()])


class OneEntry(MethodView):
    """`/api/users/1`: one entry."""

    init_every_request = False

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    def get(self, key: int) -> ResponseReturnValue:
        entry = db.session.get(self.resource.model, self.possible(key))
        if entry is None:
            raise self.missing(key)
        return jsonify(entry.as_json())

    def delete(self, key: int) -> ResponseReturnValue:
        model = self.resource.model
        statement = sa.delete(model).where(model.id == self.possible(key))
        try:
            deleted = db.session.connection().execute(statement).rowcount  # one statement: two requests, one succeeds
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            raise Conflict(f"Other entries refer to {self.resource.name} {key}; delete those first.") from None
        if not deleted:
            raise self.missing(key)
        return Response(status=204)

    def possible(self, key: int) -> int:
        """The id, unless no row can have it: databases call that an error rather than missing."""
        if key > rules.BIGGEST:
            raise self.missing(key)
        return key

    def missing(self, key: int) -> NotFound:
        return NotFound(f"There is no {self.resource.name} {key}.")


for resource in RESOURCES:
    blueprint.add_url_rule(f"/{resource.path}", view_func=Entries.as_view(resource.path, resource))
    blueprint.add_url_rule(f"/{resource.path}/<int:key>", view_func=OneEntry.as_view(resource.name, resource))
