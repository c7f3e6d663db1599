"""The rules as policies of the real engine: what it tells about a stack -> a plan -> violations.

The engine shows a stack's outputs; what resources are given it shows one by one before that, so one more policy notes it down.
"""

import json
from collections.abc import Mapping
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

from policy import check, clouds, rules
from policy.plan import Plan, Resource
from policy.unwrapped import Unwrapped
from policy.values import items, mapping, text

_PREFIX = "slipway:"
_SECRETS = "slipway:secretEnv"


def serve() -> None:
    """Answers the engine until it is done."""
    PolicyPack("slipway", policies(), EnforcementLevel.MANDATORY)


def policies() -> list[Policy]:
    """One for each rule, after the one that notes."""
    noted: dict[str, Mapping[str, Any]] = {}
    return [_noting(noted), *(_policy(rule, noted) for rule in rules.every())]


def plan_of(resources: list[PolicyResource], noted: Mapping[str, Mapping[str, Any]], config: Mapping[str, str]) -> Plan:
    """A plan of what the engine told; `config` as its processes get it, secrets decrypted."""
    settings = {key: _decoded(value) for key, value in config.items() if key.startswith(_PREFIX)}
    unwrapped = Unwrapped(mapping(settings.pop(_SECRETS, None)).values())
    return Plan(
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        target=text(settings.get("slipway:target")),
        settings=settings,
        resources=tuple(_resource(one, noted.get(one.urn), unwrapped) for one in resources),
    )


def _noting(noted: dict[str, Mapping[str, Any]]) -> Policy:
    def note(args: ResourceValidationArgs, _report: ReportViolation) -> None:
        noted[args.urn] = args.props

    return ResourceValidationPolicy("inputs", "Notes what each resource is given; keeps nothing from being made.", note)


def _policy(rule: rules.Rule, noted: Mapping[str, Mapping[str, Any]]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        config = pulumi.runtime.get_config_env()
        plan = plan_of(args.resources, noted, config)
        waivers = items(_decoded(config.get(check.SETTING)))
        for finding in check.of_rule(rule, plan, clouds.gather(plan), waivers):
            if not finding.waived:
                report(finding.message, finding.urn or None)

    return StackValidationPolicy(rule.id, rule.description, validate)


def _resource(told: PolicyResource, given: Mapping[str, Any] | None, unwrapped: Unwrapped) -> Resource:
    """Without notes it was there before and is only read. What is retained the engine doesn't say: all is taken for retained, and no
    rule says what can't be seen."""
    provider = told.resource_type.startswith("pulumi:providers:")
    return Resource(
        urn=told.urn,
        type=told.resource_type,
        name=told.name,
        parent=told.parent.urn if told.parent else "",
        kind="provider" if provider else "existing" if given is None else "resource",
        inputs=unwrapped.mapping(told.props if given is None else given),
        depends_on=tuple(one.urn for one in told.dependencies),
        references={input: tuple(one.urn for one in found) for input, found in told.property_dependencies.items() if found},
        protect=told.opts.protect,
        retain=True,
        ignore_changes=tuple(told.opts.ignore_changes),
        delete_before_replace=bool(told.opts.delete_before_replace),
        secret_outputs=tuple(told.opts.additional_secret_outputs),
        provider=told.provider.urn if told.provider else "",
    )


def _decoded(value: str | None) -> Any:
    """Objects come as JSON."""
    try:
        return json.loads(value) if value else None
    except (ValueError, RecursionError):
        return value
