"""Slipway's own dynamic resources: components/providers.py says what replaces them."""

from collections.abc import Iterator

from components import providers
from tools.type_tables.verdict import Verdict
from tools.type_tables.writing import Entry

PROVIDER = "pulumi-python"
SOURCE = "components/providers.py"
_SUFFIX = "Provider"


def entries() -> dict[str, Entry]:
    """All of them, whether a target uses them or not."""
    return {token: Entry({name: Verdict(True) for name in provider.REPLACES}) for token, provider in _providers()}


def _providers() -> Iterator[tuple[str, type[providers.DynamicProvider]]]:
    for name, one in vars(providers).items():
        if name.endswith(_SUFFIX) and issubclass(one, providers.DynamicProvider) and one is not providers.DynamicProvider:
            yield f"{PROVIDER}:dynamic/slipway:{name.removesuffix(_SUFFIX)}", one
