"""How a plan is shown: a file per format, found by its name, with `render(document, paper)`."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from components.errors import UsageError, nearest, shown
from ops.plan.document import Document


@dataclass(frozen=True)
class Paper:
    """What a text is written on: `width` in characters; colours only where somebody sees them."""

    width: int = 160
    colour: bool = False


Render = Callable[[Document, Paper], str]


def names() -> list[str]:
    """All formats there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(name: str) -> Render:
    """The format of that name: gives a text that ends with a line's end."""
    if name not in names():
        raise UsageError(f"--format: wanted the name of a format, found {shown(name)}; {nearest(name, names())}")
    return cast(Render, importlib.import_module(f"{__name__}.{name}").render)
