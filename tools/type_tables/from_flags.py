"""From a list of top-level inputs that replace: what is below is documented to, or unknown."""

from collections.abc import Collection, Iterable, Mapping

from tools.type_tables.sdk import Input
from tools.type_tables.verdict import Verdict


def inputs(flagged: Collection[str], found: Mapping[str, Input], told: Iterable[str] = ()) -> dict[str, Verdict]:
    """An input that the SDK lacks (the list is older or newer) is taken at its word. `told`: paths
    such as `settings.collation` that replace, as the provider's source says; nothing else in
    `settings` does."""
    looked = {path.partition(".")[0] for path in told}
    known = {
        name: Verdict(name in flagged, _told(one, name, {*told}) if name in looked else _below(one), one.many)
        for name, one in found.items()
    }
    return {**{name: Verdict(True) for name in flagged}, **known}


def _told(outer: Input, path: str, told: Collection[str]) -> dict[str, Verdict]:
    below = {f"{path}.{name}": one for name, one in outer.below.items()}
    return {one.name: Verdict(at in told, _told(one, at, told), one.many) for at, one in below.items()}


def _below(outer: Input) -> dict[str, Verdict]:
    return {name: Verdict(True if one.documented else None, _below(one), one.many) for name, one in outer.below.items()}
