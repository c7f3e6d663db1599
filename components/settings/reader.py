"""Raw stack config -> `Settings`, all errors at once. Pure: no Pulumi, and of files only the list of targets."""

import json
import pkgutil
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from components.errors import UsageError
from components.settings import report, rules
from components.settings.found import bad_text
from components.settings.models import Settings
from components.settings.report import Problem
from components.settings.rules import NAMESPACE, ROOTS, SECRET_ENV

Options = TypeVar("Options", bound=BaseModel)

_TEXTS = ("target", "front", "manager", "domain")


def parse(raw: Mapping[str, Any], secret_keys: Collection[str], stack: str, project: str = "slipway") -> Settings:
    """The settings in `raw`: full keys such as `slipway:app` to plain values, or to JSON text as Pulumi hands objects over.

    `secret_keys`: the full keys that hold something encrypted; keys of `project`'s name are its own.
    Raises one `UsageError` that names every wrong setting.
    """
    values = _plain(raw)
    if not values:
        raise UsageError(_nothing(stack))
    secret = {str(key).removeprefix(NAMESPACE) for key in secret_keys}
    refused = dict([*rules.unknown(values, target_names()), *rules.misplaced_secrets(values, secret)])
    kept = {key: value for key, value in values.items() if key not in refused and key != SECRET_ENV}
    settings, wrong = _validated({"app": {}, **{key: value for key, value in kept.items() if key in ROOTS}})
    problems = [
        *refused.items(),
        *rules.text(kept),
        *rules.sections(kept),
        *rules.names({**values, **kept}),
        *rules.placement(kept),
        *rules.nested(kept),
        *rules.environment_size({**values, **kept}),
    ]
    problems += [*rules.secret_values(values.get(SECRET_ENV, {})), *(one for one in wrong if _root(one) not in refused)]
    foreign = list(rules.foreign(raw, project))
    if problems or foreign or settings is None:
        raise report.error(stack, [*_named(problems), *foreign])
    settings._stack = report.short(stack)
    settings._sections = {key: value for key, value in kept.items() if key not in ROOTS}
    return settings


def target_options(settings: Settings, options: type[Options], section: str) -> Options:
    """The target's own section as its `Options`; raises one `UsageError` that names every wrong setting."""
    values = settings.sections.get(section, {})
    problems: list[Problem] = list(bad_text(section, values))
    chosen = None
    try:
        chosen = options.model_validate(values)
    except ValidationError as error:
        problems += ((f"{section}.{key}" if key else section, text) for key, text in report.problems(error, options))
    if problems or chosen is None:
        raise report.error(settings.stack, _named(problems))
    return chosen


def target_names() -> list[str]:
    """The files in components/targets/, as the stack config spells them."""
    import components.targets as folder

    return [module.name.replace("_", "-") for module in pkgutil.iter_modules(folder.__path__)]


def _plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Keys without their namespace; objects that came as JSON text as what they are; empty keys left out."""
    values = {}
    for key, value in raw.items():
        name = str(key).removeprefix(NAMESPACE)
        if name != str(key):
            values[name] = value if name in _TEXTS else _decoded(value)
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _validated(roots: Mapping[str, Any]) -> tuple[Settings | None, list[Problem]]:
    try:
        return Settings.model_validate(roots), []
    except ValidationError as error:
        return None, list(report.problems(error, Settings))


def _root(problem: Problem) -> str:
    return problem[0].partition(".")[0].partition("[")[0]


def _named(problems: list[Problem]) -> list[Problem]:
    return [(NAMESPACE + key, text) for key, text in problems]


def _nothing(stack: str) -> str:
    name = report.short(stack)
    return f"{report.stack_file(stack)}: wanted slipway: settings, found none; write them with: ./slipway --stack {name} init APP"
