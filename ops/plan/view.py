"""What several formats need: names, short values in good order, words."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from components.errors import one_line
from ops.display import tables
from ops.display.changes import short_type, type_of
from ops.plan.document import Comparison, Document, Op, PropertyChange
from policy.plan import Lookup, Plan, Resource, decoded, is_known, is_secret, is_unknown, origins

_LONGEST = 60  # characters
STAND_IN = re.compile(r"lookup\(([^()#\s]+)#(\w+)\)")
_VERBS: dict[Op, str] = {
    "add": "to add",
    "alter": "to alter",
    "replace": "to replace",
    "may-replace": "perhaps to replace",
    "remove": "to remove",
}
_ITEMS = 4  # of a list or mapping that is shown item by item
_ORDER = (
    r"image|ami|engine|version|runtime|platform|command|program",
    r"size|class|type|cpu|cores|memory|capacity|storage|iops|volume|count|min|max|desired|replicas",
    r"protocol|port|cidr|address|ip|listen|host|domain|dns|url|path",
    r"encrypt|encrypted|kms|public|publicly|private|tokens|access|protection|delete|deletion|backup|retention|skip|multi",
    r"region|zone|zones|az|location|subnet|subnets|network|vpc|group|groups|role|policy|user|owner",
)
_RANKS = [re.compile(f"({words})s?", re.IGNORECASE) for words in _ORDER]
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_DULL = re.compile(r"__.*|tags|tagsAll|labels|labelsAll|description")
_HEAD = ("name", "key", "path")


class Names:
    """Names of one plan: with the type where a name isn't the only one of its kind."""

    def __init__(self, plan: Plan) -> None:
        self.by_urn = {one.urn: one for one in plan.resources}
        self._counts = Counter(one.name for one in plan.resources)
        self._lookups = Counter(short_type(one.token) for one in plan.lookups)

    def of(self, urn: str) -> str:
        """The name of a resource; of one that is gone the end of its URN."""
        one = self.by_urn.get(urn)
        if one is None:
            return one_line(urn.rpartition("::")[2], _LONGEST)
        name = one_line(one.name, _LONGEST)
        return name if self._counts[one.name] == 1 else f"{name} ({type_of(one.type)})"

    def lookup(self, token: str, digest: str) -> str:
        """`getAmi`, or `getAmi#1a2b3c4d` where it is asked more than once."""
        name = short_type(token)
        return one_line(name if self._lookups[name] < 2 else f"{name}#{digest}", _LONGEST)

    def lookup_of(self, one: Lookup) -> str:
        """The same name for what stands in the plan's list."""
        found = STAND_IN.match(one.stand_in)
        return self.lookup(one.token, found[2] if found else "")


def flags(resource: Resource) -> list[str]:
    """What sets a resource apart: `protected`, `ignores ami`."""
    kinds = {"existing": "only read", "provider": "provider"}
    found = [kinds[resource.kind]] if resource.kind in kinds else []
    found += ["protected"] * resource.protect + ["retained"] * resource.retain
    if resource.ignore_changes:
        found.append("ignores " + ", ".join(map(one_line, resource.ignore_changes)))
    return found + ["deleted before it is replaced"] * resource.delete_before_replace


def summary(document: Document) -> str:
    """`1 to add, 2 to alter, 30 unchanged; 1 warning; all rules are kept`."""
    comparison = document.comparison
    said = [_contents(document.plan) if comparison is None else _changes(comparison)]
    if comparison is not None and comparison.warnings:
        said.append(count(len(comparison.warnings), "warning"))
    waived = sum(bool(one.waived) for one in document.findings)
    broken = len(document.findings) - waived
    rules = f"{count(broken, 'finding')} against the rules" if broken else "all rules are kept"
    return "; ".join([*said, rules + (f", {waived} waived" if waived else "")])


def _changes(comparison: Comparison) -> str:
    if comparison.is_empty:
        return f"no change, {count(comparison.unchanged, 'resource')}"
    by_op = Counter(change.op for change in comparison.resources)
    words = [f"{by_op[op]} {verb}" for op, verb in _VERBS.items() if by_op[op]]
    settings = [f"{count(len(comparison.settings), 'setting')} changed"] if comparison.settings else []
    return ", ".join([*words, f"{comparison.unchanged} unchanged", *settings])


def _contents(plan: Plan) -> str:
    by_kind = Counter(one.kind for one in plan.resources)
    protected = sum(one.protect for one in plan.resources)
    words = [count(by_kind["resource"], "resource")] + [count(by_kind["component"], "component")] * bool(by_kind["component"])
    words += [f"{by_kind['existing']} only read"] * bool(by_kind["existing"]) + [f"{protected} protected"] * bool(protected)
    return ", ".join(words + [count(len(plan.lookups), "look-up")] * bool(plan.lookups))


def count(number: int, noun: str) -> str:
    """`1 resource`, `2 resources`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain(value: Any, names: Names) -> Any:
    """The same value with words for its marks and stand-ins."""
    if is_secret(value):
        return "[secret]"
    if is_unknown(value):
        urns = origins(value)
        return f"[known after up: {', '.join(map(names.of, urns))}]" if urns else "[known after up]"
    if isinstance(value, Mapping):
        return {one_line(name): plain(item, names) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, names) for item in value]
    if not isinstance(value, str):
        return value
    # `lookup(aws:ec2/getAmi:getAmi#1a2b3c4d).id` is `[looked up: getAmi].id`
    return STAND_IN.sub(lambda found: f"[looked up: {names.lookup(found[1], found[2])}]", value)


def sides(one: PropertyChange, names: Names) -> tuple[Any, Any]:
    """The old value and the new one; two secrets look alike, so the new one says it differs."""
    if is_secret(one.old) and is_secret(one.new):
        return "[secret]", "[another secret]"
    return plain(one.old, names), plain(one.new, names)


def brief(value: Any, names: Names) -> str:
    """The value on one line, never long."""
    return _brief(plain(value, names), is_whole=is_secret(value) or is_unknown(value))


def pairs(resource: Resource, names: Names) -> list[tuple[str, str]]:
    """(path, short value) of the inputs that tell something, what matters most first."""
    kept = {key: value for key, value in resource.inputs.items() if value != resource.name and not _DULL.fullmatch(key)}
    return sorted((pair for key, value in kept.items() for pair in flat(key, value, names)), key=lambda pair: _rank(pair[0]))


def flat(path: str, value: Any, names: Names) -> Iterator[tuple[str, str]]:
    """One pair, or one for each thing inside where these are few."""
    path = one_line(path)
    if value is None or value in ("", [], {}):
        return
    if _is_group(value) and len(value) <= _ITEMS:
        for name, item in value.items():
            yield from flat(f"{path}.{name}", item, names)
    elif isinstance(value, list) and len(value) <= _ITEMS and any(map(_is_group, value)):
        for number, item in enumerate(value):
            yield f"{path}[{number}]", _group(item, names) if _is_group(item) else brief(item, names)
    else:
        yield path, brief(value, names)


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping) and is_known(value)


def _group(value: Mapping[str, Any], names: Names) -> str:
    """`protocol tcp, fromPort 80, toPort 80`."""
    items = {name: brief(item, names) for name, item in value.items() if item not in (None, "", [], {})}
    shown = [f"{one_line(name)} {items[name]}" for name in sorted(items, key=lambda name: -1 if name in _HEAD else _rank(name))]
    return ", ".join(shown[: 2 * _ITEMS] + (["…"] if len(shown) > 2 * _ITEMS else []))


def _brief(value: Any, is_whole: bool = False) -> str:
    if isinstance(value, str):
        return one_line(value, None) if is_whole else _text(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        more = [f"… {len(value) - _ITEMS} more"] if len(value) > _ITEMS else []
        return ", ".join([*map(_brief, value[:_ITEMS]), *more])
    return _size(value) if isinstance(value, list | dict) else json.dumps(value)


def _text(text: str) -> str:
    """Texts of many lines and JSON by what they are."""
    if text[:1] in ("{", "[") and not isinstance(read := decoded(text), str):
        return f"JSON, {_size(read)}"
    if len(text) > 4 * _LONGEST or ("\n" in text and len(text) > _LONGEST):
        return f"{tables.size(len(text.encode('utf-8', 'replace')))} text"
    return one_line(text, _LONGEST)


def _size(value: dict[str, Any] | list[Any]) -> str:
    return "1 entry" if len(value) == 1 else f"{len(value)} entries"


def _rank(path: str) -> int:
    """A value's place in a reader's interest; the words of its path decide."""
    words = _PARTS.findall(path)
    return next((rank for rank, group in enumerate(_RANKS) if any(group.fullmatch(word) for word in words)), len(_RANKS))
