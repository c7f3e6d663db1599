"""No secret in user data or tags, and none in plain text where a name says it is one.

User data and tags can be read by whoever may look at the server, so no secret belongs there, encrypted in the stack file or not. An input
named password, secret, token or private key must be wrapped as a secret. Of `slipway:app.env` the last word of a name counts:
`SMTP_PASSWORD`, `API_TOKEN` and `SIGNING_KEY` are refused, `SECRET_NAME`, `TOKEN_TTL`, `KEYBOARD`, `PASSWORD_FILE` and `PUBLIC_KEY`
are not. An address with a password in it is refused under any name.
"""

import re
from collections.abc import Iterator
from typing import Any

from policy import names, resource_types
from policy.facts import Facts
from policy.findings import Problem
from policy.plan import Plan, Resource, is_secret
from policy.settings import below
from policy.values import LOOKED_UP, cut, holds_secret, leaves

IN_PACK = (
    "The engine hands secrets over unwrapped, so inputs are not judged by their names. User data and tags are searched for the values of"
    " `slipway:secretEnv` instead, and the settings are seen whole."
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/@:\s]*:[^/@\s]+@", re.IGNORECASE)
_TAGS = re.compile(r"(?:[^.]+\.)*?\w*(?:[tT]ags|[lL]abels)(?![^.\[])")
_SETTING = "slipway:app.env"


def check(plan: Plan, facts: Facts) -> Iterator[Problem]:
    yield from _in_settings(plan)
    for one in facts.user_data:
        if holds_secret(one.value):
            yield Problem(one.at, f"wanted no secret in user data, found one in {one.input}; let the host fetch it")
    for resource in plan.resources:
        if resource.kind in ("resource", "provider"):
            yield from _in_tags(resource)
            yield from _in_inputs(resource)


def _in_settings(plan: Plan) -> Iterator[Problem]:
    for name, value in below(plan.settings, _SETTING):
        if not _is_plain(value):
            continue
        if names.of_variable(name):
            yield Problem(f"{_SETTING}.{name}", f"wanted no secret in plain text, found one by its name; {_move(name)}")
        elif isinstance(value, str) and _ADDRESS.match(value):
            yield Problem(f"{_SETTING}.{name}", f"wanted no secret in plain text, found an address with a password; {_move(name)}")


def _in_tags(resource: Resource) -> Iterator[Problem]:
    """Its own, and those that it hands on to disks or servers."""
    if resource_types.tags(resource.type):
        for tags in dict.fromkeys(_tags(path) for path, _, value in leaves(resource.inputs) if is_secret(value)):
            if tags:
                yield Problem(resource, f"wanted no secret in tags, found one in {cut(tags)}; leave it out")


def _tags(path: str) -> str:
    """The path of the tags that it leads into; empty where that are none."""
    found = _TAGS.match(path)
    return found[0] if found else ""


def _in_inputs(resource: Resource) -> Iterator[Problem]:
    for path, name, value in leaves(resource.inputs):
        if names.of_input(name) and _is_plain(value):
            yield Problem(resource, f"wanted {cut(path)} to be a secret, found it in plain text; wrap it as a secret output")


def _is_plain(value: Any) -> bool:
    """Text or a number; neither nothing nor what only a look-up would tell."""
    if isinstance(value, str):
        return bool(value.strip()) and not value.startswith(LOOKED_UP)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _move(name: str) -> str:
    return f"take it out and set it with: pulumi config set --secret --path 'slipway:secretEnv.{cut(name)}' VALUE"
