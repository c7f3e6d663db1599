"""The whole document for a machine; the schema is docs/plan.schema.json."""

import json

from ops.plan.document import Document
from ops.plan.formats import Paper


def render(document: Document, paper: Paper) -> str:
    """Sorted keys: plans compare by lines; plain ASCII: nothing in it steers a terminal."""
    return json.dumps(document.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
