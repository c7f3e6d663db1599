"""Rules for what stands in settings and in resources' inputs: secrets and tags."""

import re
from collections.abc import Iterator
from typing import Any

from components.errors import one_line
from policy import resource_types
from policy.facts import Facts, Problem
from policy.plan import LOOKED_UP, Plan, Resource, at, holds_secret, is_known, is_secret, items, leaves, mapping, text, written

_URL_WITH_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/@:\s]*:[^/@\s]+@", re.IGNORECASE)
_TAGS = re.compile(r"(?:[^.]+\.)*?\w*(?:[tT]ags|[lL]abels)(?![^.\[])")
_ENVIRONMENT = "slipway:app.env"
_WANTED_TAGS = ("project", "stack", "owner")
_ENDINGS = {"BASE", "BASE64", "B64", "BINARY", "NEW", "OLD", "PEM", "PLAIN", "PLAINTEXT", "PREVIOUS", "STRING", "TEXT", "VALUE", "WO"}
"""Endings that say nothing of their own: SECRET_KEY_BASE, secretString, passwordWo."""
_SECRET_WORDS = ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN")
_KEYS = {"API", "ACCESS", "AUTH", "ENCRYPTION", "MASTER", "PRIVATE", "SECRET", "SIGNING"}
_HARMLESS = {"CACHE", "FOREIGN", "HASH", "INDEX", "OBJECT", "PARTITION", "PRIMARY", "PUBLIC", "PUBLISHABLE", "RANGE", "SITE", "SORT"}


def secrets_in_plain(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """No secret in user data or tags, and none in plain text where a name says it is one.

    User data and tags can be read by whoever may look at the server, so no secret belongs there,
    encrypted in the stack file or not. An input named password, secret, token or private key must
    be wrapped as a secret. Of `slipway:app.env` the last word of a name counts: `SMTP_PASSWORD`,
    `API_TOKEN` and `SIGNING_KEY` are refused, `SECRET_NAME`, `TOKEN_TTL`, `KEYBOARD`,
    `PASSWORD_FILE` and `PUBLIC_KEY` are not. An address with a password in it is refused under any
    name."""
    yield from _in_settings(plan)
    for one in facts.user_data:
        if holds_secret(one.value):
            yield Problem(one.at, f"wanted no secret in user data, found one in {one.input}; let the host fetch it")
    for resource in plan.resources:
        if resource.kind in ("resource", "provider"):
            yield from _in_tags(resource)
            for path, value in leaves(resource.inputs):
                name = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
                if says_secret_input(name) and _is_plain(value):
                    found = "found it in plain text; wrap it as a secret output"
                    yield Problem(resource, f"wanted {one_line(written(path))} to be a secret, {found}")


def _in_settings(plan: Plan) -> Iterator[Problem]:
    for key, value in plan.settings.items():
        name = key.removeprefix(f"{_ENVIRONMENT}.")
        if name == key or not _is_plain(value) or re.fullmatch(r"\$\{database\.\w+\}", text(value)):  # which a host fills in
            continue
        if says_secret_variable(name):
            yield Problem(f"{_ENVIRONMENT}.{name}", f"wanted no secret in plain text, found one by its name; {_move(name)}")
        elif isinstance(value, str) and _URL_WITH_PASSWORD.match(value):
            yield Problem(f"{_ENVIRONMENT}.{name}", f"wanted no secret in plain text, found an address with a password; {_move(name)}")


def _in_tags(resource: Resource) -> Iterator[Problem]:
    """Looks at its own tags, and at those that it hands on to disks or servers."""
    if resource_types.tags(resource.type):
        matches = (_TAGS.match(written(path)) for path, value in leaves(resource.inputs) if is_secret(value))
        for path in dict.fromkeys(match[0] for match in matches if match):
            yield Problem(resource, f"wanted no secret in tags, found one in {one_line(path)}; leave it out")


def _is_plain(value: Any) -> bool:
    """Text or a number; neither nothing nor what only a look-up would tell."""
    if isinstance(value, str):
        return bool(value.strip()) and not value.startswith(LOOKED_UP)
    return isinstance(value, int | float) and not isinstance(value, bool)


def says_secret_variable(name: str) -> bool:
    """An environment variable. Keys count unless they are public; SECRET_NAME, TOKEN_TTL don't."""
    words = _words(name)
    if words[-1:] == ["KEY"]:
        return not _HARMLESS.intersection(words[-2:-1])
    return _says_secret(words) or (len(words) > 1 and words[-1] in ("PASS", "PWD"))


def says_secret_input(name: str) -> bool:
    """An input of a resource. A key must be said to be secret, since most there are names."""
    words = _words(name)
    return _says_secret(words) or (words[-1:] == ["KEY"] and bool(_KEYS.intersection(words[-2:-1])))


def _says_secret(words: list[str]) -> bool:
    """Only the last word counts, which may have others written to it: PGPASSWORD."""
    return bool(words) and (words[-1].endswith(_SECRET_WORDS) or words[-1] in {f"{word}KEY" for word in _KEYS})


def _words(name: str) -> list[str]:
    """The words of SOME_NAME, someName or some-name in capitals, without numbers and endings."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    words = [word for word in re.split(r"[^A-Za-z0-9]+", parted.upper()) if word and not word.isdigit()]
    while len(words) > 1 and words[-1] in _ENDINGS:
        words.pop()
    return words


def _move(name: str) -> str:
    return f"take it out and set it with: pulumi config set --secret --path 'slipway:secretEnv.{one_line(name)}' VALUE"


def tagged(plan: Plan, facts: Facts) -> Iterator[Problem]:
    """Everything that can be tagged says which project and stack it is of, and who owns it.

    Tags `project`, `stack` and `owner`, on the resource or by its provider's default tags."""
    defaults = {one.at.urn: one for one in facts.default_tags}
    for resource in plan.resources:
        input = resource_types.tags(resource.type) if resource.kind == "resource" else None
        if input is None:
            continue
        default = defaults.get(resource.provider)
        by_default = default.tags if default and resource.type not in default.without else None
        given = [value for value in (at(resource.inputs, input), by_default) if value is not None]
        if all(is_known(value) for value in given):
            present = set[str]().union(*map(_tag_names, given))
            missing = [name for name in _WANTED_TAGS if name not in present]
            if missing:
                yield Problem(resource, f"wanted the tags {', '.join(_WANTED_TAGS)}, found no {', '.join(missing)}; add to {input}")


def _tag_names(tags: Any) -> set[str]:
    """The names in a mapping, or in a list of {key, value}, which are labels in Docker. A tag
    without a value is none; one whose value isn't known yet counts."""
    listed = map(mapping, items(tags)) if isinstance(tags, list | tuple) else ()
    entries = [(one.get("key", one.get("label")), one.get("value")) for one in listed]
    return {name for name, value in [*entries, *mapping(tags).items()] if isinstance(name, str) and value not in (None, "")}


RULES = (secrets_in_plain, tagged)
