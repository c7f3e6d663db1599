"""`python -m tools.pages.plan_schema [--check]`: docs/plan.schema.json, for `plan --json`."""

import json
import sys
from pathlib import Path

from ops.plan.document import Document

FILE = Path(__file__).parents[2] / "docs/plan.schema.json"


def schema() -> str:
    """As `plan --json` writes it: what has a default is there too."""
    made = Document.model_json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "What ./slipway plan --json prints"}
    return json.dumps({**made, **head}, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Writes or checks the file; gives the exit code."""
    old, new = FILE.read_text(encoding="utf-8") if FILE.exists() else "", schema()
    if "--check" not in arguments:
        FILE.write_text(new, encoding="utf-8")
    elif old != new:
        print(f"docs/{FILE.name}: not current; run: python -m tools.pages.plan_schema", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
