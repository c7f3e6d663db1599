"""Errors as answers: JSON below `/api`, a page elsewhere. Each says what was wanted and found."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from flask import Flask, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import BadRequest, Conflict, HTTPException, ServiceUnavailable


@dataclass(frozen=True)
class Problem:
    """One field that is not as it should be."""

    field: str
    wanted: str
    found: str

    def __str__(self) -> str:
        return f"{self.field}: wanted {self.wanted}, found {self.found}"


class Invalid(BadRequest):
    """400 for input with problems; it lists all of them, so that one correction is enough."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Duplicate(Invalid):
    """409 for input that would be right if the same did not exist already."""

    code = Conflict.code


def init_app(app: Flask) -> None:
    """Flask passes unforeseen exceptions here too, as a 500, once they are logged."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(OperationalError, database_away)
    app.register_error_handler(PoolTimeout, database_away)


def answer(error: HTTPException) -> ResponseReturnValue:
    """The error in the form that the address promises."""
    if error.code is None or error.response is not None:  # a finished response, a redirect for instance
        return error
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]  # Allow, Retry-After
    if not request.path.startswith("/api/"):
        return render_template("error.html", error=error), error.code, headers
    problems = [asdict(problem) for problem in getattr(error, "problems", ())]
    return jsonify(error={"status": error.code, "message": error.description, "fields": problems}), error.code, headers


def database_away(error: Exception) -> ResponseReturnValue:
    """503, not 500: the request may come again. The cause is only logged: it can name hosts."""
    current_app.logger.error("database: %s", error)
    return answer(ServiceUnavailable("The database does not answer; try again shortly.", retry_after=5))
