"""Calls to dynamic providers, with the shapes that the SDK's own provider host gives them."""

import base64
from collections.abc import Mapping
from typing import Any

import dill
from pulumi.dynamic import DiffResult, ResourceProvider

from components.providers import DynamicProvider
from ops.engine import docker
from ops.engine.values import Plain

KEY = "__provider"
_TYPE = "pulumi-python:dynamic"


def is_dynamic(type_: str) -> bool:
    """True for resources whose provider travels with them."""
    return type_.startswith(_TYPE)


def is_made_here(type_: str) -> bool:
    """True for resources that need no Pulumi CLI."""
    return is_dynamic(type_) or type_ in docker.KINDS


def load(type_: str, properties: Mapping[str, Any]) -> ResourceProvider:
    """The provider that the properties name; by reference, so that it is today's code."""
    if type_ in docker.KINDS:
        return docker.KINDS[type_]()
    provider = dill.loads(base64.b64decode(properties[KEY]))
    assert isinstance(provider, ResourceProvider)
    return provider


def words(properties: Mapping[str, Any]) -> str:
    """What a resource with these inputs is; nothing where its provider doesn't say it."""
    provider = load(_TYPE, properties) if KEY in properties else None
    return provider.words(dict(properties)) if isinstance(provider, DynamicProvider) else ""


def check(provider: ResourceProvider, old: Plain, new: Plain) -> tuple[Plain, list[str]]:
    """The inputs to use, and a line for each failure."""
    result = provider.check(dict(old), dict(new))
    return {**result.inputs, **key_of(new)}, [": ".join(filter(None, (one.property, one.reason))) for one in result.failures]


def key_of(properties: Mapping[str, Any]) -> Plain:
    """What names the provider of a resource, where something does."""
    return {KEY: properties[KEY]} if KEY in properties else {}


def diff(provider: ResourceProvider, id_: str, old_inputs: Plain, old_outputs: Plain, new: Plain) -> DiffResult:
    """`changes` is always decided: by the provider, or else by comparing inputs."""
    result = provider.diff(id_, dict(old_outputs), dict(new))
    if result.changes is None:
        result.changes = {**old_inputs, KEY: ""} != {**new, KEY: ""}
    result.changes = bool(result.changes or result.replaces)
    return result
