"""Raw stack config -> `Settings`, all errors at once."""

import json
import pkgutil
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as runtime

from cloud_init.host.base.files import object_in
from cloud_init.host.contracts import manifest as contract
from components.errors import UsageError, shown
from components.settings import report
from components.settings.models import Secrets, Settings
from components.settings.report import LOGINS, NAMESPACE, ROOTS, SECRET_ENV, SECRETS, TLS, Problem, Section, validated

Between = Callable[[Settings, Section], Iterable[Problem]]

_TEXTS = ("target", "front", "manager", "domain")


def load() -> Settings:
    """The settings of the stack that is being deployed; nothing else reads `pulumi.Config`.

    Raises one `UsageError` that names every wrong setting."""
    file = Path(f"Pulumi.{report.short(pulumi.get_stack())}.yaml")
    # The Pulumi CLI alone opens that: what it says would be launched, and unknown to day two.
    if file.is_file() and re.search(r"""(?m)^["']?environment["']?\s*:""", file.read_text(encoding="utf-8", errors="replace")):
        raise UsageError(f"{file}: environment: wanted settings in this file, found Pulumi ESC, which nothing else opens; write them here")
    config = pulumi.Config(NAMESPACE.rstrip(":"))
    raw = {key: runtime.get_config(key) for key in {*runtime.CONFIG.get(), *runtime.get_config_env()}}
    sealed = runtime.get_config_secret_keys_env()
    secret = {key for key in raw if runtime.is_config_secret(key) or key in sealed}
    settings = parse(raw, secret, pulumi.get_stack(), pulumi.get_project())
    if settings.tls.certificate:
        from components.hosts import certificates  # of a library that others have no use for

        settings._certificate = certificates.read_own(settings, Path(), object_in(raw.get(NAMESPACE + TLS)).get("key"))
    # Asked for only where there is one: a secret Output makes the engine ask for the passphrase.
    secrets = {key: config.get_secret_object(key) for key in SECRETS if config.get(key)}
    settings._secret_env = pulumi.Output.all(**secrets).apply(_texts) if secrets else pulumi.Output.from_input({})
    return settings


def parse(raw: Mapping[str, Any], secret_keys: Collection[str], stack: str, project: str = "slipway") -> Settings:
    """The settings in `raw`, by full keys such as `slipway:app`; objects may be JSON text.

    `secret_keys`: full keys of what is encrypted; keys of `project`'s name are its own. Of files it
    reads the list of targets alone. Raises one `UsageError` that names every wrong setting."""
    values = _plain(raw)
    if not values:
        how = f"write them with: ./slipway --stack {report.short(stack)} init APP"
        raise UsageError(f"Pulumi.{report.short(stack)}.yaml: wanted slipway: settings, found none; {how}")
    secret = {str(key).removeprefix(NAMESPACE) for key in secret_keys}
    refused = dict([*report.unknown(values, target_names()), *report.misplaced_secrets(values, secret)])
    kept = {key: value for key, value in values.items() if key not in refused and key not in SECRETS}
    secrets = {key: values.get(key, {}) for key in SECRETS}
    settings, wrong = validated(Settings, {"app": {}, **{key: value for key, value in kept.items() if key in ROOTS}})
    problems = [*refused.items(), *(problem for key, value in secrets.items() for problem in report.secret_values(key, value))]
    for key, value in kept.items():
        # The app's environment isn't written into a configuration file.
        written = {name: one for name, one in value.items() if name != "env"} if key == "app" and isinstance(value, Mapping) else value
        problems += report.text(key, written)
        if key not in ROOTS and not isinstance(value, Mapping):
            problems.append((key, f"wanted a mapping of the target's settings, found {shown(value)}"))
    problems += [one for one in wrong if one[0].partition(".")[0].partition("[")[0] not in refused]
    sections = {key: value for key, value in kept.items() if key not in ROOTS}
    if settings and not problems:
        problems += report.between(settings, sections.values(), secrets)
    foreign = list(report.foreign(raw, project))
    if problems or foreign or settings is None:
        raise report.error(stack, [*_named(problems), *foreign])
    settings._secret_names = frozenset(secrets[SECRET_ENV])
    settings._logins = tuple(sorted(secrets[LOGINS]))
    settings._stack = report.short(stack)
    settings._sections = sections
    return settings


def target_options(settings: Settings, options: type[Section], section: str, between: Between[Section] = lambda *_: ()) -> Section:
    """The target's own section as its `Options`. Raises one `UsageError` for all wrong settings.

    `between`: what holds between these and other settings, once each is right by itself."""
    values = settings._sections.get(section, {})
    chosen, wrong = validated(options, values)
    problems = [*report.text(section, values), *((f"{section}.{key}" if key else section, text) for key, text in wrong)]
    if problems or chosen is None:
        raise report.error(settings.stack, _named(problems))
    if wrong := list(between(settings, chosen)):
        raise report.error(settings.stack, wrong)
    return chosen


def target_names() -> list[str]:
    """The files in components/targets/, sorted, as the stack config spells them."""
    import components.targets as folder

    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(folder.__path__))


def _plain(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Keys without their namespace, JSON text as what it says, empty keys left out."""
    values = {str(key).removeprefix(NAMESPACE): value for key, value in raw.items() if str(key).startswith(NAMESPACE)}
    for name, value in values.items():
        if isinstance(value, str) and name not in _TEXTS:
            with suppress(ValueError, RecursionError):
                values[name] = json.loads(value)
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _named(problems: list[Problem]) -> list[Problem]:
    return [(NAMESPACE + key, text) for key, text in problems]


def _texts(value: Any) -> dict[str, str]:
    """Whole numbers become text. `parse` has checked them, and keeps no secret."""
    env, *others = (dict(section) for _, section in Secrets.model_validate(value))
    names = (contract.INSTALL, contract.LOGINS, contract.REGISTRY, contract.TLS)  # in the model's order
    return {**env, **{name: json.dumps(one, sort_keys=True) for name, one in zip(names, others, strict=True) if one}}
