"""Which input of a type holds its tags: the one with the name that its cloud uses."""

from collections.abc import Mapping

from tools.type_tables.sdk import Input

_NAMES = {"aws": ("tags",), "alicloud": ("tags",), "gcp": ("userLabels", "labels"), "docker": ("labels",)}


def where(provider: str, inputs: Mapping[str, Input]) -> str | None:
    """`tags`, `labels`, `settings.userLabels`; None where a type has none."""
    for name in _NAMES.get(provider, ()):
        if name in inputs:
            return name
        for outer in inputs.values():
            if name == "userLabels" and name in outer.below and not outer.many:
                return f"{outer.name}.{name}"
    return None
