"""The home page: what the database holds, which release answers from where, a form for the API."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload

from . import health
from .database import db
from .models import ContentMain, GithubInfo, UserInfo, VideoInfo

SHOWN = 4
CHOICES = 100  # users that the form offers; with more of them it would want a search

blueprint = Blueprint("pages", __name__)


@dataclass(frozen=True)
class Glance:
    """What the page shows of the database."""

    counts: dict[str, int]
    users: Sequence[UserInfo]
    videos: Sequence[VideoInfo]
    contents: Sequence[ContentMain]
    repositories: Sequence[GithubInfo]


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Without its database the page answers 503: people read what is wrong, machines stay away."""
    started = perf_counter()
    database, glance = health.look(), None
    if database.usable:
        try:
            glance = take_glance()
        except SQLAlchemyError as error:  # it went away between the two
            database = health.away(error)
    page = render_template(
        "home.html",
        database=database,
        glance=glance,
        shown=SHOWN,
        release=current_app.config["RELEASE"],
        host=socket.gethostname(),
        milliseconds=lambda: (perf_counter() - started) * 1000,  # called by the template as late as it can
    )
    return page, 200 if glance else 503, {"Cache-Control": "no-store"}


@blueprint.after_request
def guard(response: Response) -> Response:
    """All the page needs is its own; should a script get into an entry, browsers won't run it."""
    response.headers["Content-Security-Policy"] = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def take_glance() -> Glance:
    """Four counts and four short lists; each is read in one query with its entries' users."""
    counts = {
        model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) or 0
        for model in (UserInfo, VideoInfo, ContentMain, GithubInfo)
    }
    videos = select(VideoInfo).options(joinedload(VideoInfo.user)).order_by(VideoInfo.id.desc())
    contents = select(ContentMain).options(joinedload(ContentMain.author)).order_by(ContentMain.id.desc())
    return Glance(
        counts=counts,
        users=db.session.scalars(select(UserInfo).order_by(UserInfo.id.desc()).limit(CHOICES)).all(),
        videos=db.session.scalars(videos.limit(SHOWN)).all(),
        contents=db.session.scalars(contents.limit(SHOWN)).all(),
        repositories=db.session.scalars(select(GithubInfo).order_by(GithubInfo.id.desc()).limit(SHOWN)).all(),
    )
