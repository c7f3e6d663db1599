"""pydantic's errors -> lines a user can act on: key path, what is wanted, what was found."""

import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.errors import UsageError, nearest, one_line, shown
from components.settings.kinds import WANTED, Kind

Section = TypeVar("Section", bound=BaseModel)
Problem = tuple[str, str]
"""(key path as the user writes it, the sentence about it)"""

_WANTED = {
    **dict.fromkeys(("model_type", "mapping_type", "dict_type", "model_attributes_type"), "a mapping"),
    **dict.fromkeys(("tuple_type", "list_type", "set_type"), "a list"),
    "invalid_key": "a name in quotes",
}


def short(stack: str) -> str:
    """The stack's own name, of `organisation/project/stack` too."""
    return stack.rpartition("/")[2]


def error(stack: str, problems: Iterable[Problem]) -> UsageError:
    """All problems of a stack's file as one error, one line each; a key is named once."""
    texts = dict(reversed(list(problems)))
    count = "1 setting is wrong" if len(texts) == 1 else f"{len(texts)} settings are wrong"
    lines = [f"{one_line(key, None)}: {text}" for key, text in sorted(texts.items())]
    return UsageError("\n  ".join([f"Pulumi.{short(stack)}.yaml: {count}", *lines]))


def validated(model: type[Section], values: Any) -> tuple[Section | None, list[Problem]]:
    """The values as a `model`, or None and what is wrong with them."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, [(_path(detail["loc"]), _sentence(detail, model)) for detail in error.errors(include_url=False)]


def _path(loc: Sequence[int | str]) -> str:
    parts = [part for part in loc if part != "[key]"]  # which marks a wrong name
    return "".join(f"[{part}]" if isinstance(part, int) else f".{one_line(part)}" for part in parts).removeprefix(".")


def kind_of(field: FieldInfo) -> Kind | None:
    """The `Kind` that a field's annotation carries, at the top or inside `… | None`."""
    is_union = typing.get_origin(field.annotation) in (typing.Union, types.UnionType)
    inside = [item for choice in typing.get_args(field.annotation) for item in getattr(choice, "__metadata__", ()) if is_union]
    return next((item for item in (*field.metadata, *inside) if isinstance(item, Kind)), None)


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context, loc = detail["type"], detail["input"], detail.get("ctx", {}), detail["loc"]
    if kind == "extra_forbidden":
        return "no such setting; " + nearest(str(loc[-1]), _fields(_model_at(model, loc[:-1])))
    if kind == WANTED:
        return f"wanted {context['wanted']}, found {context['found'] or shown(value)}"
    if kind == "missing":
        return f"wanted {_wanted(_fields(_model_at(model, loc[:-1])).get(str(loc[-1])))}, found nothing"
    if kind == "literal_error":
        names = str(context["expected"]).replace("'", "")
        hint = nearest(value, re.split(", | or ", names)) if isinstance(value, str) else ""
        return f"wanted {names}, found {shown(value)}" + (f"; {hint}" if hint.startswith("perhaps") else "")
    wanted = _WANTED.get(kind) or detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"wanted {wanted.removeprefix('wanted ')}, found {shown(value)}"


def _wanted(field: FieldInfo | None) -> str:
    kind = kind_of(field) if field else None
    return kind.wanted if kind else f"a value ({field.description})" if field and field.description else "a value"


def _model_at(model: type[BaseModel] | None, loc: Sequence[int | str]) -> type[BaseModel] | None:
    """The section that a key path leads to, or None where it leaves the models."""
    inside = False
    for part in loc:
        if inside:  # a name or a number in front of one of many sections
            inside = False
            continue
        field = _fields(model).get(str(part))
        classes = (field.annotation, *typing.get_args(field.annotation)) if field else ()
        model = next((one for one in classes if isinstance(one, type) and issubclass(one, BaseModel)), None)
        inside = field is not None and typing.get_origin(field.annotation) in (Mapping, tuple)
    return model


def _fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()} if model else {}
