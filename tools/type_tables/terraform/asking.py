"""One question for each input: an existing resource, this one changed, both ways. What would you replace?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tools.type_tables.terraform import values
from tools.type_tables.terraform.fields import Field, Path, walk
from tools.type_tables.terraform.plugin import Plugin, errors, unpack
from tools.type_tables.terraform.values import Made

Answers = dict[Path, bool | None]


@dataclass(frozen=True)
class Answer:
    """`replaced`, and `planned`: what the resource would be. None where the provider had none: an error."""

    replaced: bool
    planned: Any


@dataclass(frozen=True)
class Type:
    """A resource type of a provider that is being asked."""

    plugin: Plugin
    name: str
    fields: Mapping[str, Field]
    given: Mapping[Path, Any]
    """What stands in it, whatever is asked."""

    def answers(self) -> Answers:
        """Whether a change of an input replaces; None where the provider could not be made to say."""
        how = self._made()
        return {path: self._ask(path, field, how) for path, field in walk(self.fields)} if how else {}

    def _made(self) -> Made | None:
        """How to make up a resource that the provider leaves alone when nothing is changed."""
        ways = (Made(text, empty) for empty in (True, False) for text in range(len(values.TEXTS)))
        for how in ways:
            answer = self._change({}, {}, how)
            if answer and not answer.replaced:
                return how
        return None

    def _ask(self, path: Path, field: Field, how: Made) -> bool | None:
        said = self._said(path, field, how)
        if said is False and len(path) > 1 and self._in_set(path):
            # An item of a set that changes is another item: what else stands in it counts too.
            return self._said(path, field, replace(how, siblings=True)) or False
        return said

    def _said(self, path: Path, field: Field, how: Made) -> bool | None:
        for old, new in self._pairs(path, field, how):
            there, back = self._one(path, old, new, how), self._one(path, new, old, how)
            if there is not None and back is not None:
                return there if there == back else None
        return None

    def _pairs(self, path: Path, field: Field, how: Made) -> list[tuple[Any, Any]]:
        """Of plain values: two different ones. Of blocks: one item, and none or one more."""
        if not field.below:
            return values.pairs(field)
        one = values.build(field.below, {}, how, path)
        if field.kind == "single":
            return [(values.nested(field, [one]), None)]
        return [(values.nested(field, [one]), values.nested(field, [])), (values.nested(field, [one]), values.nested(field, [one, one]))]

    def _one(self, path: Path, old: Any, new: Any, how: Made) -> bool | None:
        same, changed = self._change({path: old}, {path: old}, how), self._change({path: old}, {path: new}, how)
        if same is None or changed is None or same.replaced or same.planned == changed.planned:
            return None
        return changed.replaced

    def _change(self, before: Mapping[Path, Any], after: Mapping[Path, Any], how: Made) -> Answer | None:
        """The first answer makes the resource, as the provider would have it; the second changes it."""
        earlier, config = (values.build(self.fields, {**self.given, **chosen}, how) for chosen in (before, after))
        made = self._plan(None, earlier, earlier)
        if made is None:
            return None
        state = {**values.settled(made.planned, self.fields, how), "id": "alpha"}
        wanted = {**values.proposed(config, earlier, state, self.fields), "id": "alpha"}
        return self._plan(state, wanted, config)

    def _plan(self, state: values.Values | None, wanted: values.Values, config: values.Values) -> Answer | None:
        answer = self.plugin.plan(self.name, state, wanted, config)
        if answer is None or errors(answer):
            return None
        return Answer(bool(answer.requires_replace), unpack(answer.planned_state))

    def _in_set(self, path: Path) -> bool:
        fields = self.fields
        for name in path[:-1]:
            if fields[name].kind == "set":
                return True
            fields = fields[name].below
        return False
