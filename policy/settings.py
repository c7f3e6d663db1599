"""Settings of a plan, whether their key paths are written out or stand as mappings."""

from collections.abc import Iterator, Mapping
from typing import Any

from policy.values import mapping


def below(settings: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """(name, value) of the settings right below a key path."""
    for key, value in settings.items():
        if key == path:
            yield from mapping(value).items()
        elif key.startswith(f"{path}."):
            yield key.removeprefix(f"{path}."), value
        elif path.startswith(f"{key}."):
            yield from below(mapping(value), path.removeprefix(f"{key}."))
