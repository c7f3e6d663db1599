"""Reads a request's JSON body and query by rules, and gathers all problems for one correction."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from .errors import Invalid, Problem
from .rules import Rule, Unwanted

Rules = Mapping[str, Rule[Any]]

BODY_LIMIT = 64 * 1024
SHOWN = 80  # characters of a wrong value that an error repeats


def body(rules: Rules) -> dict[str, Any]:
    """The fields of the JSON object: each that has a rule is required, and no other is known."""
    given = json_object()
    unknown = Rule(f"no such field, only {', '.join(rules)}", refuse)
    return read(given, {**rules, **{name: unknown for name in given.keys() - rules.keys()}})


def query(rules: Rules, **defaults: Any) -> dict[str, Any]:
    """The query parameters that have a rule, or their defaults. Links gather others."""
    given = {name: request.args[name] for name in rules if name in request.args}
    return {**defaults, **read(given, {name: rules[name] for name in given})}


def json_object() -> dict[str, Any]:
    """The body, which has to call itself JSON: a stranger's form can't, so it can't post here."""
    if not request.is_json:
        raise UnsupportedMediaType(f"Content-Type: wanted application/json, found {request.mimetype or 'nothing'}")
    request.max_content_length = BODY_LIMIT  # here, not for the whole app: /api/echo takes any length
    try:
        value = json.loads(request.get_data())
    except (ValueError, RecursionError):  # RecursionError: thousands of opening brackets
        raise BadRequest("body: wanted a JSON object, found what is not JSON") from None
    if not isinstance(value, dict):
        raise BadRequest(f"body: wanted a JSON object, found {shown(value)}")
    return value


def read(given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """The values by their rules, or `Invalid` with every problem."""
    values, problems = {}, []
    for name, rule in rules.items():
        try:
            if name not in given:
                raise Unwanted
            values[name] = rule.read(given[name])
        except ValueError:
            problems.append(Problem(name, rule.wanted, shown(given[name]) if name in given else "nothing"))
    if problems:
        raise Invalid(problems)
    return values


def shown(value: object) -> str:
    """A value as an error repeats it: short, and in ASCII, so that nothing goes back unseen."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def refuse(_value: object) -> None:
    """The reader of a field that nobody knows."""
    raise Unwanted
