"""What pydantic found wrong -> lines a user can act on: key path, what is wanted, what was found."""

import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.errors import UsageError
from components.settings.found import nearest, one_line, shown
from components.settings.schema import WANTED, Kind

Problem = tuple[str, str]
"""(key path as the user writes it, the sentence about it)"""

_CONTAINERS = {
    "model_type": "a mapping",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_CONTAINERS |= {"tuple_type": "a list", "list_type": "a list", "set_type": "a list", "invalid_key": "a name in quotes"}


def short(stack: str) -> str:
    """The stack's own name, of `organisation/project/stack` too."""
    return stack.rpartition("/")[2]


def stack_file(stack: str) -> str:
    """The file that holds a stack's settings."""
    return f"Pulumi.{short(stack)}.yaml"


def error(stack: str, problems: Iterable[Problem]) -> UsageError:
    """All problems of a file as one error, one line each; a key is named once."""
    texts = dict(reversed(list(problems)))
    count = "1 setting is wrong" if len(texts) == 1 else f"{len(texts)} settings are wrong"
    lines = [f"{one_line(key, None)}: {text}" for key, text in sorted(texts.items())]
    return UsageError("\n  ".join([f"{stack_file(stack)}: {count}", *lines]))


def problems(found: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """One problem for each of pydantic's."""
    for detail in found.errors(include_url=False):
        yield path(detail["loc"]), _sentence(detail, model)


def path(loc: Sequence[int | str]) -> str:
    """`app.cors[0]`; a part that pydantic adds for a mapping's key is left out."""
    text = ""
    for part in loc:
        if part != "[key]":
            text += f"[{part}]" if isinstance(part, int) else ("." if text else "") + one_line(part)
    return text


def kind_of(field: FieldInfo) -> Kind | None:
    """The `Kind` that a field's annotation carries, at the top or inside `… | None`."""
    return next((item for item in (*field.metadata, *_metadata(field.annotation)) if isinstance(item, Kind)), None)


def _metadata(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for choice in typing.get_args(annotation):
            yield from getattr(choice, "__metadata__", ())


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        parent = _model_at(model, detail["loc"][:-1])
        return "no such setting; " + nearest(str(detail["loc"][-1]), _names(parent))
    if kind == WANTED:
        return f"wanted {context['wanted']}, found {context['found'] or shown(value)}"
    if kind == "missing":
        return f"wanted {_wanted_at(model, detail['loc'])}, found nothing"
    if kind == "literal_error":
        return _choice(str(context["expected"]), value)
    wanted = _CONTAINERS.get(kind) or detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"wanted {wanted.removeprefix('wanted ')}, found {shown(value)}"


def _choice(expected: str, value: Any) -> str:
    names = expected.replace("'", "").replace(" or ", ", ").split(", ")
    hint = nearest(value, names) if isinstance(value, str) else ""
    text = f"wanted {' or '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)}, found {shown(value)}"
    return f"{text}; {hint}" if hint.startswith("perhaps") else text


def _wanted_at(model: type[BaseModel], loc: Sequence[int | str]) -> str:
    parent = _model_at(model, loc[:-1])
    field = _field(parent, loc[-1]) if parent else None
    kind = kind_of(field) if field else None
    if kind:
        return kind.wanted
    return f"a value ({field.description})" if field and field.description else "a value"


def _model_at(model: type[BaseModel] | None, loc: Sequence[int | str]) -> type[BaseModel] | None:
    """The section that a key path leads to, or None where it leaves the models."""
    inside = False
    for part in loc:
        if inside:  # a name or a number in front of one of many sections
            inside = False
            continue
        field = _field(model, part) if model else None
        model = next((item for item in _classes(field.annotation) if issubclass(item, BaseModel)), None) if field else None
        inside = field is not None and typing.get_origin(field.annotation) in (Mapping, tuple)
    return model


def _classes(annotation: Any) -> Iterator[type]:
    for choice in (annotation, *typing.get_args(annotation)):
        if isinstance(choice, type) and not isinstance(choice, types.GenericAlias):
            yield choice


def _field(model: type[BaseModel], part: int | str) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if part in (name, field.alias)), None)


def _names(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []
