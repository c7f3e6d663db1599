"""What is wrong with settings, as lines a user can act on: key path, what is wanted, what was
found. By pydantic's errors; and what holds between settings: where secrets are, which sections
there may be, plain text."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cloud_init.host.release import templates
from cloud_init.host_files import HostFileError
from cloud_init.templating import plain
from components.errors import UsageError, nearest, one_line, shown
from components.settings.kinds import WANTED
from components.settings.models import App, DatabaseSettings, Secrets, Settings, Tls

Section = TypeVar("Section", bound=BaseModel)
Problem = tuple[str, str]
"""(key path as the user writes it, the sentence about it)"""

_WANTED = {
    **dict.fromkeys(("model_type", "mapping_type", "dict_type", "model_attributes_type"), "a mapping"),
    **dict.fromkeys(("tuple_type", "list_type", "set_type"), "a list"),
    "invalid_key": "a name in quotes",
}
NAMESPACE = "slipway:"
SECRETS = SECRET_ENV, _, LOGINS, REGISTRY, TLS = "secretEnv", "secretInstall", "secretLogins", "secretRegistry", "secretTls"
SEALED = "sealed"
"""What a program that only plans reads in the place of each secret setting."""
ROOTS = {field.alias or name: field for model in (Settings, Secrets) for name, field in model.model_fields.items()}
_ENVIRONMENT = 10**6  # bytes
_DEEPEST = 10  # levels of mappings and lists


def short(stack: str) -> str:
    """The stack's own name, of `organisation/project/stack` too."""
    return stack.rpartition("/")[2]


def error(stack: str, problems: Iterable[Problem]) -> UsageError:
    """All problems of a stack's file as one error, one line each; a key is named once."""
    texts = dict(reversed(list(problems)))
    count = "1 setting is wrong" if len(texts) == 1 else f"{len(texts)} settings are wrong"
    lines = [f"{one_line(key, None)}: {text}" for key, text in sorted(texts.items())]
    return UsageError("\n  ".join([f"Pulumi.{short(stack)}.yaml: {count}", *lines]))


def validated(model: type[Section], values: Any) -> tuple[Section | None, list[Problem]]:
    """The values as a `model`, or None and what is wrong with them."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, [(_path(detail["loc"]), _sentence(detail)) for detail in error.errors(include_url=False)]


def _path(loc: Sequence[int | str]) -> str:
    parts = [part for part in loc if part != "[key]"]  # which marks a wrong name
    return "".join(f"[{part}]" if isinstance(part, int) else f".{one_line(part)}" for part in parts).removeprefix(".")


def _sentence(detail: ErrorDetails) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return "no such setting; docs/settings.md has those that there are"
    if kind == "missing":
        return "wanted a value (docs/settings.md says which), found nothing"
    if kind == WANTED:
        return f"wanted {context['wanted']}, found {context['found'] or shown(value)}"
    wanted = _WANTED.get(kind) or detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ").replace("'", "")
    return f"wanted {wanted.removeprefix('wanted ')}, found {shown(value)}"


def how(section: str) -> str:
    """The way to set a secret of that section; a whole file is no word of a command line."""
    words = "slipway:secretTls.key < key.pem" if section == TLS else f"'slipway:{section}.NAME' VALUE"
    return f"pulumi config set --secret --path {words}"


def misplaced_secrets(values: Mapping[str, Any], secret: Collection[str]) -> Iterator[Problem]:
    """Secrets belong in their sections, nothing else does. `secret`: root keys of what is
    encrypted."""
    for key, value in values.items():
        if key in secret and key not in SECRETS:
            yield key, f"holds a secret; secrets belong in slipway:secretEnv, set with: {how(SECRET_ENV)}"
        elif key in SECRETS and value and key not in secret:
            yield key, f"wanted encrypted values, found plain text; set each anew with: {how(key)}"


def foreign(raw: Mapping[str, Any], project: str) -> Iterator[Problem]:
    """Keys of another namespace are for providers that Pulumi makes; targets make theirs."""
    for key in map(str, raw):
        namespace, colon, _ = key.partition(":")
        if colon and namespace not in (NAMESPACE.rstrip(":"), project, "pulumi"):
            section = f"slipway:{one_line(raw.get(NAMESPACE + 'target', 'TARGET'))}"
            way = f"set what {section} has for it (docs/settings.md), or AWS_PROFILE and its like, and leave this out"
            yield key, f"wanted slipway: settings, found one of a provider's, which the target makes itself; {way}"


def unknown(values: Mapping[str, Any], targets: Collection[str]) -> Iterator[Problem]:
    """A root key is a setting, or a section named after a target."""
    sections = {str(values.get("target")), *targets}
    for key in values.keys() - ROOTS.keys() - sections:
        root = key.partition(".")[0]
        if root != key and (root in ROOTS or root in sections):
            how = f"pulumi config set --path 'slipway:{one_line(key)}' VALUE"
            yield key, f"no such setting; set a value inside a section with: {how}"
        else:
            yield key, f"no such setting; {nearest(key, ROOTS.keys() | set(targets))}"


def text(key: str, value: Any, levels: int = _DEEPEST) -> Iterator[Problem]:
    """What may reach a configuration file is plain text, names too. `key`: the path of `value`."""
    if isinstance(value, str):
        yield from ((key, why) for why in _not_plain(value))
    elif isinstance(value, Mapping | list | tuple) and not levels:
        yield key, f"wanted no more than {_DEEPEST} levels of mappings and lists"
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            path = f"{key}.{one_line(name)}"
            yield from ((path, f"wanted a name that is {why[7:].rpartition(', found')[0]}") for why in _not_plain(name))
            yield from text(path, inner, levels - 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from text(f"{key}[{number}]", inner, levels - 1)


def _not_plain(value: Any) -> Iterator[str]:
    try:
        plain(value if isinstance(value, str) else "")
    except HostFileError as error:
        yield str(error)


def secret_values(key: str, value: Any) -> Iterator[Problem]:
    """Names and types in a section of secrets; values are looked at, neither kept nor shown."""
    if not isinstance(value, Mapping):
        yield key, "wanted a mapping of names to texts, found something else"
        return
    # Still sealed, where nobody could decrypt: nothing to look at.
    opened = {name: "" if isinstance(item, Mapping) and list(item) == ["secure"] else item for name, item in value.items()}
    yield from validated(Secrets, {key: opened})[1]


def between(settings: Settings, targets: Iterable[Any], sections: Mapping[str, Any]) -> Iterator[Problem]:
    """What holds between settings that are right by themselves. `targets`: sections of targets;
    `sections`: of secrets."""
    app, database, domain = settings.app, settings.database, settings.domain
    env, secret = dict(app.env), {name: str(value) for name, value in sections[SECRET_ENV].items()}
    for name in env.keys() & secret.keys():
        yield f"app.env.{name}", "is in slipway:secretEnv too; leave one out"
    size = sum(len(text.encode(errors="replace")) for pair in (*env.items(), *secret.items()) for text in pair)
    if size > _ENVIRONMENT:
        wanted = "wanted at most 1 MB, slipway:secretEnv included (a process can't be given more)"
        yield "app.env", f"{wanted}, found {size:,} bytes"
    asked = templates.are_in(env.get("DATABASE_URL", "")) and database.placement != "external"
    yield from _database(database, "DATABASE_URL" in env and not asked, "DATABASE_URL" in secret)
    texts = {f"app.env.{name}": text for name, text in env.items()} | {f"{SECRET_ENV}.{name}": text for name, text in secret.items()}
    yield from ((key, why) for key, text in texts.items() if (why := templates.problem(text, database.engine != "none")))
    if settings.keep_data and not settings.last_snapshot:
        yield "lastSnapshot", "wanted true, as slipway:keepData is true, found false; set slipway:keepData: false too, or leave it out"
    for number, name in enumerate(settings.http.redirect_domains):
        if domain in (None, name):
            yield f"http.redirectDomains[{number}]", f"wanted another name than slipway:domain, which it leads to, found {shown(name)}"
    yield from _app(app, domain)
    if sections[REGISTRY] and not any(one.get("registry") for one in targets):
        yield REGISTRY, "wanted the registry that it is for (slipway:docker.registry), found none; set it, or leave the login out"
    yield from _tls(settings.tls, domain, bool(sections[TLS]))


def _tls(tls: Tls, domain: str | None, has_key: bool) -> Iterator[Problem]:
    if tls.certificate is None:
        if has_key:
            yield "tls.certificate", "wanted the certificate of slipway:secretTls.key, found none; set it, or leave the key out"
        return
    if domain is None:
        yield "tls.certificate", "wanted slipway:domain, which it is for, found none; set it, or leave this out"
    if not has_key:
        yield TLS, f"wanted the key of slipway:tls.certificate, found none; set it with: {how(TLS)}"
    for name in sorted({"directory", "email"} & tls.model_fields_set):
        yield f"tls.{name}", f"wanted none beside certificate, as no authority is asked, found {shown(getattr(tls, name))}; leave one out"


def _app(app: App, domain: str | None) -> Iterator[Problem]:
    if app.health_host and domain:
        wanted = "wanted none beside slipway:domain, which the app is asked by"
        yield "app.healthHost", f"{wanted}, found {shown(app.health_host)}; leave one out"
    # Each folder is a link on the host: none may be in another.
    for path in sorted(app.static):
        if above := [other for other in sorted(app.static) if path.startswith(other + "/")]:
            yield f"app.static.{path}", f"lies below {above[0]}; serve it under a path of its own"
    for number, path in enumerate(app.data):
        if twice := [other for other in app.data[:number] if f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")]:
            found = f"found {shown(path)} and {shown(twice[0])}"
            yield f"app.data[{number}]", f"wanted folders apart from each other, {found}; leave the inner one out"
        if both := [other for other in app.built if f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")]:
            why = "what a release brings in a folder that outlives it is laid there once"
            wanted = f"wanted none of slipway:app.built, found {shown(path)} and {shown(both[0])}"
            yield f"app.data[{number}]", f"{wanted}: {why}; leave one out"


def _database(database: DatabaseSettings, in_env: bool, in_secrets: bool) -> Iterator[Problem]:
    """Each address comes from one side, and what is a file of the web host has no other place."""
    engine, external = database.engine, database.placement == "external"
    why = f"is set by Slipway, as slipway:database.engine is {engine}; leave it out"
    if in_env and engine != "none":
        yield "app.env.DATABASE_URL", "holds a password; it belongs in slipway:secretEnv" if external else why
    if in_secrets and engine != "none" and not external:
        yield "secretEnv.DATABASE_URL", f"{why}, or set slipway:database.placement to external"
    if database.extensions and engine != "postgres":
        yield "database.extensions", f"wanted none, as they are PostgreSQL's (slipway:database.engine), found {engine}; leave it out"
    if engine in ("none", "sqlite") and database.app_may_migrate:
        wanted = "wanted postgres or mysql, which have an owner beside the app (slipway:database.engine)"
        yield "database.appMayMigrate", f"{wanted}, found {engine}; leave it out"
    if engine in ("none", "sqlite") and database.placement != "same-host":
        wanted = "same-host, as SQLite is a file there" if engine == "sqlite" else "an engine beside it (slipway:database.engine)"
        yield "database.placement", f"wanted {wanted}, found {shown(database.placement)}"
