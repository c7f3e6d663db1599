"""`python -m tools.pages.contracts_schema [--check]` makes docs/contracts.schema.json."""

import json
import sys
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from cloud_init.host.contracts import facts, manifest, rollout
from tools.pages import generated

FOLDER = Path(__file__).parents[2]
_DOCUMENTS = (
    manifest.Manifest, facts.HostFacts, facts.Boot, rollout.DesiredState, rollout.Outcome, rollout.Proven, rollout.Heartbeat,
)  # fmt: skip


def schema() -> str:
    """The schema of all documents, with what is said of each field; each is one of `$defs`."""
    for module in (manifest, facts, rollout):
        for kind in vars(module).values():
            if getattr(kind, "__module__", "") == module.__name__:
                kind.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)
    _, made = TypeAdapter.json_schemas([(kind.__name__, "validation", TypeAdapter(kind)) for kind in _DOCUMENTS])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "What the deploying side and hosts tell each other"}
    return json.dumps({**made, **head}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Writes or checks the file; gives the exit code."""
    stale = "not current; run: python -m tools.pages.contracts_schema"
    return generated.update(FOLDER, ["docs/contracts.schema.json"], lambda _: schema(), "--check" in arguments, stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
