"""From a Pulumi package schema, as `pulumi package get-schema NAME` prints it."""

from collections.abc import Iterable, Mapping
from typing import Any

from tools.type_tables.verdict import Verdict

_FLAGS = ("replaceOnChanges", "willReplaceOnChanges")
_REF = "#/types/"


def inputs(schema: Mapping[str, Any], token: str, unflagged: Iterable[str] = ()) -> dict[str, Verdict]:
    """The verdicts on all inputs of a type. `unflagged`: inputs that replace it without a flag."""
    found = _properties(schema, schema["resources"][token].get("inputProperties", {}), ())
    return {**found, **{name: Verdict(True) for name in unflagged}}


def _properties(schema: Mapping[str, Any], properties: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Verdict]:
    return {name: _property(schema, one, above) for name, one in properties.items()}


def _property(schema: Mapping[str, Any], given: Mapping[str, Any], above: tuple[str, ...]) -> Verdict:
    items = given.get("items") or {}
    reference = str(given.get("$ref") or items.get("$ref") or "").removeprefix(_REF)
    nested = schema.get("types", {}).get(reference, {}).get("properties", {})
    below = {} if reference in above else _properties(schema, nested, (*above, reference))
    here = any(given.get(flag) for flag in _FLAGS)
    # A set's item that changes is another item, which would replace; a schema doesn't tell sets
    # from lists.
    return Verdict(here, {name: _doubtful(one) for name, one in below.items()} if here and items else below, bool(items))


def _doubtful(verdict: Verdict) -> Verdict:
    return Verdict(verdict.here or None, {name: _doubtful(one) for name, one in verdict.below.items()}, verdict.many)
