"""Plans written by hand: a resource as a few words of YAML."""

from collections.abc import Mapping
from typing import Any

from policy.plan import UNKNOWN, Plan, Resource

_OWN = ("kind", "protect", "retain", "ignore_changes", "depends_on", "parent")


def plan(resources: Mapping[str, Mapping[str, Any]] = {}, settings: Mapping[str, Any] = {}) -> Plan:
    """A plan of these resources, by name."""
    urns = {name: f"urn:pulumi:dev::shop::{_type(one)}::{name}" for name, one in resources.items()}
    made = tuple(_resource(name, one, urns) for name, one in resources.items())
    return Plan(project="shop", stack="dev", target="made-up", settings=dict(settings), resources=made)


def _resource(name: str, given: Mapping[str, Any], urns: Mapping[str, str]) -> Resource:
    rest = {key: value for key, value in given.items() if key not in (*_OWN, "type", "refs", "provider")}
    return Resource(
        urn=urns[name],
        type=_type(given),
        name=name,
        references={input: tuple(urns[one] for one in found) for input, found in given.get("refs", {}).items()},
        inputs={key.rstrip("_"): _filled(value, urns) for key, value in rest.items()},
        provider=urns.get(given.get("provider", ""), ""),
        **{key: given[key] for key in _OWN if key in given},
    )


def _type(given: Mapping[str, Any]) -> str:
    return str(given["type"]) if given["type"].count(":") > 1 else f"aws:{given['type']}"


def _filled(value: Any, urns: Mapping[str, str]) -> Any:
    """Names in marks as URNs."""
    if isinstance(value, list):
        return [_filled(one, urns) for one in value]
    if not isinstance(value, Mapping):
        return value
    if UNKNOWN in value:
        return {UNKNOWN: [urns[name] for name in value[UNKNOWN]]}
    return {key: _filled(one, urns) for key, one in value.items()}
