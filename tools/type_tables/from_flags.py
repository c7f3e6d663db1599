"""From a list of top-level inputs that replace: what is below is documented to, or unknown."""

from collections.abc import Collection, Mapping

from tools.type_tables.sdk import Input
from tools.type_tables.verdict import Verdict


def inputs(flagged: Collection[str], found: Mapping[str, Input]) -> dict[str, Verdict]:
    """An input that the SDK lacks (the list is older or newer) is taken at its word."""
    known = {name: Verdict(name in flagged, _below(one), one.many) for name, one in found.items()}
    return {**{name: Verdict(True) for name in flagged}, **known}


def _below(outer: Input) -> dict[str, Verdict]:
    return {name: Verdict(True if one.documented else None, _below(one), one.many) for name, one in outer.below.items()}
