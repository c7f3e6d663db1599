"""The rules as policies of the Pulumi engine, which makes a plan of what the engine shows of a
stack.

The engine shows a stack's outputs. What resources are given it shows one by one before that, so one
more policy notes it down. What is unknown raises there, and secrets come unwrapped."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy import check, names, rules
from policy.plan import SECRET, UNKNOWN, Plan, Resource
from policy.values import decoded, from_base64, items, mapping, text

_PREFIX = "slipway:"
_SECRETS = ("slipway:secretEnv", "slipway:secretInstall", "slipway:secretLogins", "slipway:secretRegistry", "slipway:secretTls")
_SHORTEST = 6  # characters of a secret that is searched for: shorter ones stand in many a text by chance


def serve() -> None:
    """Answers the engine until it is done."""
    PolicyPack("slipway", policies(), EnforcementLevel.MANDATORY)


def policies() -> list[Policy]:
    """One for each rule, after the one that notes."""
    noted: dict[str, Mapping[str, Any]] = {}

    def note(args: ResourceValidationArgs, _report: ReportViolation) -> None:
        noted[args.urn] = args.props

    noting = ResourceValidationPolicy("inputs", "Notes what each resource is given; keeps nothing from being made.", note)
    return [noting, *(_policy(rule, noted) for rule in rules.every().values())]


def plan_of(resources: list[PolicyResource], noted: Mapping[str, Mapping[str, Any]], config: Mapping[str, str]) -> Plan:
    """A plan of what the engine shows; `config` as its processes get it, secrets decrypted."""
    settings = {key: decoded(value) for key, value in config.items() if key.startswith(_PREFIX)}
    found = (str(value) for key in _SECRETS for value in mapping(settings.pop(key, None)).values())
    secrets = [one for one in found if len(one) >= _SHORTEST]
    return Plan(
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        target=text(settings.get("slipway:target")),
        settings=settings,
        resources=tuple(_resource(one, noted.get(one.urn), secrets) for one in resources),
    )


def _policy(rule: rules.Rule, noted: Mapping[str, Mapping[str, Any]]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config = pulumi.runtime.get_config_env()
        plan = plan_of(args.resources, noted, config)
        waivers = items(decoded(config.get(check.SETTING)))
        for finding in check.run(plan, waivers):
            if finding.rule == rule.id and not finding.waived:
                report(finding.message, finding.urn or None)

    return StackValidationPolicy(rule.id, rule.description, validate)


def _resource(shown: PolicyResource, given: Mapping[str, Any] | None, secrets: Sequence[str]) -> Resource:
    """A resource without notes was there before and is only read. The engine doesn't say what is
    retained: all is taken for retained, so that no rule says what can't be seen."""
    provider = shown.resource_type.startswith("pulumi:providers:")
    return Resource(
        urn=shown.urn,
        type=shown.resource_type,
        name=shown.name,
        parent=shown.parent.urn if shown.parent else "",
        kind="provider" if provider else "existing" if given is None else "resource",
        inputs=_mapping(shown.props if given is None else given, secrets),
        depends_on=tuple(one.urn for one in shown.dependencies),
        references={input: tuple(one.urn for one in sources) for input, sources in shown.property_dependencies.items() if sources},
        protect=shown.opts.protect,
        retain=True,
        ignore_changes=tuple(shown.opts.ignore_changes),
        delete_before_replace=bool(shown.opts.delete_before_replace),
        secret_outputs=tuple(shown.opts.additional_secret_outputs),
        provider=shown.provider.urn if shown.provider else "",
    )


def _mapping(given: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """A mapping of the engine as plain JSON with marks. The engine doesn't tell what is a secret: a
    value is taken for one by its name, or where one of the stack's own stands in it."""
    read = {str(key): _at(given, key, secrets) for key in given}
    return {key: {SECRET: ""} if isinstance(value, str) and names.of_input(key) else value for key, value in read.items()}


def _at(holder: Any, key: Any, secrets: Sequence[str]) -> Any:
    try:
        value = holder[key]
    except UnknownValueError:
        return {UNKNOWN: []}
    if isinstance(value, Mapping):
        return _mapping(value, secrets)
    if isinstance(value, str):
        forms = (value, (from_base64(value) or b"").decode(errors="replace"))
        return {SECRET: ""} if any(secret in form for form in forms for secret in secrets) else value
    if isinstance(value, Sequence):
        return [_at(value, place, secrets) for place in range(len(value))]
    return value if value is None or isinstance(value, bool | int | float) else {UNKNOWN: []}
