"""How a plan is shown: a function per format, which gives a text that ends with a line's end."""

import json
from collections.abc import Callable, Mapping

from components.errors import UsageError, nearest, shown
from ops.plan.document import Document
from ops.plan.formats import markdown, text
from ops.plan.formats.text import Paper


def _json(document: Document, paper: Paper) -> str:
    """The whole document for a machine (docs/plan.schema.json). Sorted keys: plans compare by
    lines; plain ASCII: nothing in it steers a terminal."""
    return json.dumps(document.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"


FORMATS: Mapping[str, Callable[[Document, Paper], str]] = {"json": _json, "markdown": markdown.render, "text": text.render}


def find(name: str) -> Callable[[Document, Paper], str]:
    """The format of that name. Raises `UsageError`."""
    if name not in FORMATS:
        raise UsageError(f"--format: wanted the name of a format, found {shown(name)}; {nearest(name, FORMATS)}")
    return FORMATS[name]
