"""What holds between settings: where secrets are, which sections there may be, names that Slipway sets, databases and places."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from components.settings import report
from components.settings.found import bad_text, nearest, one_line, shown
from components.settings.models import App, Database, Secrets, Settings
from components.settings.report import Problem

NAMESPACE = "slipway:"
SECRET_ENV = "secretEnv"
ROOTS = {field.alias or name: field for model in (Settings, Secrets) for name, field in model.model_fields.items()}
_SET_SECRET = "pulumi config set --secret --path 'slipway:secretEnv.NAME' VALUE"
_ENVIRONMENT = 10**6  # bytes

Section = TypeVar("Section", bound=BaseModel)


def misplaced_secrets(values: Mapping[str, Any], secret: Collection[str]) -> Iterator[Problem]:
    """Secrets belong in secretEnv, and nothing else does."""
    for key, value in values.items():
        if key in secret and key != SECRET_ENV:
            yield key, f"holds a secret; secrets belong in slipway:secretEnv, set with: {_SET_SECRET}"
        elif key == SECRET_ENV and value and key not in secret:
            yield key, f"wanted encrypted values, found plain text; set each anew with: {_SET_SECRET}"


def foreign(raw: Mapping[str, Any], project: str) -> Iterator[Problem]:
    """A key of another namespace configures a provider that Pulumi makes by itself; targets make theirs."""
    for key in raw:
        namespace, colon, _ = str(key).partition(":")
        if colon and namespace not in (NAMESPACE.rstrip(":"), project, "pulumi"):
            where = "what it reads in the environment counts, such as AWS_PROFILE"
            yield (
                str(key),
                f"wanted slipway: settings, found one of a provider's; the target makes its provider itself, and {where}; leave it out",
            )


def unknown(values: Mapping[str, Any], targets: Collection[str]) -> Iterator[Problem]:
    """A root key is a setting, or a section named after a target."""
    sections = {str(values.get("target")), *targets}
    for key in values.keys() - ROOTS.keys() - sections:
        root = key.partition(".")[0]
        if root != key and (root in ROOTS or root in sections):
            yield (
                key,
                f"no such setting; set a value inside a section with: pulumi config set --path 'slipway:{one_line(key)}' VALUE",
            )
        else:
            yield key, f"no such setting; {nearest(key, ROOTS.keys() | set(targets))}"


def sections(values: Mapping[str, Any]) -> Iterator[Problem]:
    """A target's section is a mapping; its content is the target's own matter."""
    for key, value in values.items():
        if key not in ROOTS and not isinstance(value, Mapping):
            yield key, f"wanted a mapping of the target's settings, found {shown(value)}"


def text(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Whatever reaches a configuration file is plain text. The app's environment isn't written into one."""
    for key, value in values.items():
        if key == "app" and isinstance(value, Mapping):
            value = {name: inner for name, inner in value.items() if name != "env"}
        yield from bad_text(key, value)


def secret_values(value: Any) -> Iterator[Problem]:
    """Names and types of the secret environment; its values are looked at here, and neither kept nor shown."""
    if not isinstance(value, Mapping):
        yield SECRET_ENV, "wanted a mapping of names to texts, found something else"
        return
    # Still sealed, where nobody could decrypt: nothing to look at.
    opened = {name: "" if isinstance(item, Mapping) and list(item) == ["secure"] else item for name, item in value.items()}
    try:
        Secrets.model_validate({SECRET_ENV: opened})
    except ValidationError as error:
        yield from report.problems(error, Secrets)


def names(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Names in the two environments: none twice, none that Slipway sets."""
    app, database = _sound(App, values.get("app")), _sound(Database, values.get("database", {}))
    public = set(app.env) if app else set()
    secrets = values.get(SECRET_ENV)
    secret = {name for name in secrets if isinstance(name, str)} if isinstance(secrets, Mapping) else set()
    for name in public & secret:
        yield f"app.env.{name}", "is in slipway:secretEnv too; leave one out"
    if database is None or database.engine == "none":
        return
    why = f"is set by Slipway, as slipway:database.engine is {database.engine}"
    if "DATABASE_URL" in public:
        external = database.placement == "external"
        yield (
            "app.env.DATABASE_URL",
            "holds a password; it belongs in slipway:secretEnv" if external else f"{why}; leave it out",
        )
    if "DATABASE_URL" in secret and database.placement != "external":
        yield "secretEnv.DATABASE_URL", f"{why}; leave it out, or set slipway:database.placement to external"


def placement(values: Mapping[str, Any]) -> Iterator[Problem]:
    """SQLite is a file of the web host; no database has no place."""
    database = _sound(Database, values.get("database", {}))
    if database is None or database.placement == "same-host":
        return
    if database.engine in ("none", "sqlite"):
        wanted = "same-host, as SQLite is a file there" if database.engine == "sqlite" else "an engine beside it (slipway:database.engine)"
        yield "database.placement", f"wanted {wanted}, found {shown(database.placement)}"


def nested(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Each static path is a link on the host: one can't lie in another's folder."""
    app = _sound(App, values.get("app"))
    paths = sorted(app.static) if app else []
    for path in paths:
        above = [other for other in paths if path.startswith(other + "/")]
        if above:
            yield f"app.static.{path}", f"lies below {above[0]}; serve it under a path of its own"


def environment_size(values: Mapping[str, Any]) -> Iterator[Problem]:
    """What a process can be given at its start, with room to spare."""
    app, secrets = _sound(App, values.get("app")), values.get(SECRET_ENV)
    texts = [*app.env.items()] if app else []
    texts += [(str(name), str(value)) for name, value in secrets.items()] if isinstance(secrets, Mapping) else []
    size = sum(len(text.encode(errors="replace")) for pair in texts for text in pair)
    if size > _ENVIRONMENT:
        yield "app.env", f"wanted at most 1 MB, slipway:secretEnv included (a process can't be given more), found {size:,} bytes"


def _sound(model: type[Section], value: Any) -> Section | None:
    """The section, or None where it is wrong: that is told elsewhere."""
    try:
        return model.model_validate(value)
    except ValidationError:
        return None
