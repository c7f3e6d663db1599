"""Writes what the code knows of settings into docs/settings.md, at each `<!-- NAME -->`.

`python -m tools.pages.settings_table [--check]`; with --check nothing is written, and the exit
code is 1 if the page is not current.
"""

import sys
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeGuard, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_snake
from pydantic.fields import FieldInfo

from components import target
from components.settings.kinds import Kind
from components.settings.models import Secrets, Settings
from components.source.walk import NEVER
from tools.pages import generated

FOLDER = Path(__file__).parents[2]
_HEAD = "| key | type | default | meaning |\n|---|---|---|---|\n"


def table() -> str:
    """All settings as a Markdown table, in the order of the models."""
    rows = [*_rows(Settings, "slipway:"), *_rows(Secrets, "slipway:")]
    for name in target.names():
        rows += rows_of(target.find(name).Options, name)
    return _HEAD + "".join(generated.cells(*row) for row in rows)


def rows_of(model: type[BaseModel], section: str) -> list[tuple[str, ...]]:
    """The rows of one section, such as a target's `Options`."""
    return list(_rows(model, f"slipway:{section}."))


def takes() -> str:
    """What each target takes of the settings that not every target serves, as a Markdown table."""
    served = {name: target.find(name).TAKES for name in target.names()}
    made = generated.cells("setting", *served) + "|---" * (len(served) + 1) + "|\n"
    for key in get_args(target.Shared):
        made += generated.cells(f"`slipway:{key}`", *(_taken(key, one.get(key, True)) for one in served.values()))
    return made


def _taken(key: str, words: tuple[str, ...] | bool) -> str:
    if isinstance(words, tuple):
        return ", ".join(f"`{word}`" for word in words) or "none"
    section, _, name = key.rpartition(".")
    model: Any = Settings.model_fields[section].annotation if section else Settings
    has_words = get_origin(model.model_fields[to_snake(name)].annotation) is Literal
    return ("all" if has_words else "yes") if words else "no"


def left_out() -> str:
    """What no release holds, as a Markdown list."""
    return "".join(f"* {reason}: {' '.join(f'`{pattern}`' for pattern in group)}\n" for reason, group in NEVER.items())


def page(old: str) -> str:
    """The text with what is current between its markers; a text without them stays as it is."""
    for name, content in (("settings", table()), ("takes", takes()), ("left-out", left_out())):
        old = generated.filled(old, name, content)
    return old


def main(arguments: list[str]) -> int:
    """Writes or checks docs/settings.md; gives the exit code."""
    stale = "the table of settings is not current; run: python -m tools.pages.settings_table"
    return generated.update(FOLDER, ["docs/settings.md"], page, "--check" in arguments, stale)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        key, inner = prefix + (field.alias or name), field.annotation
        if _is_section(inner):
            yield from _rows(inner, key + ".")
        else:
            yield f"`{key}`", _type(field), _default(field), field.description or ""
            below = ".NAME." if typing.get_origin(inner) in (Mapping, dict) else "[]."
            for section in filter(_is_section, typing.get_args(inner)):
                yield from _rows(section, key + below)


def _is_section(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _type(field: FieldInfo) -> str:
    """The words of the `Kind` that the annotation carries, at the top or inside `… | None`."""
    is_union = typing.get_origin(field.annotation) in (typing.Union, types.UnionType)
    inside = [item for choice in typing.get_args(field.annotation) for item in getattr(choice, "__metadata__", ()) if is_union]
    kind = next((item for item in (*field.metadata, *inside) if isinstance(item, Kind)), None)
    return kind.name if kind else _spelled(field.annotation)


def _spelled(annotation: Any) -> str:
    """A type in words."""
    parts = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return next((item.name for item in parts[1:] if isinstance(item, Kind)), _spelled(parts[0]))
    if origin is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in parts)
    if origin is Mapping or origin is dict:
        return f"map: {_spelled(parts[0])} to {_spelled(parts[1])}"
    if origin in (typing.Union, types.UnionType):
        return ", ".join(_spelled(part) for part in parts if part is not type(None))
    if origin in (tuple, list):
        return f"list: {_spelled(parts[0])}"
    if _is_section(annotation):
        return " and ".join(field.alias or name for name, field in annotation.model_fields.items())
    return {bool: "`true`, `false`", int: "number", str: "text"}.get(annotation, str(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, (), {}):
        return "none"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
