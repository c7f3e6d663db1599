"""The release store as a host sees it: reads releases and its own secrets, writes its outcomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .files import write_json
from .outcome import Refused


class Store:
    """A store in a folder of this host."""

    def __init__(self, folder: Path, host: str) -> None:
        self.folder = folder
        self.host = host

    def path(self, name: str) -> Path:
        """The object as a local file; refused with its name if it isn't there."""
        path = self.folder / name
        if not path.is_file():
            raise Refused(f"store: wanted {name}, found nothing in {self.folder}; run `up` again to publish it")
        return path

    def json(self, name: str) -> dict[str, Any]:
        """The object read as JSON."""
        try:
            found = json.loads(self.path(name).read_text(encoding="utf-8"))
        except ValueError as error:
            raise Refused(f"store: {name} is damaged ({error}); run `up` again to publish it") from None
        if not isinstance(found, dict):
            raise Refused(f"store: {name} is damaged (no object); run `up` again to publish it")
        return found

    def secrets(self, release: str) -> dict[str, str]:
        """The secret environment of a release; empty if it has none."""
        name = f"secrets/web/{release}.json"
        return self.json(name) if (self.folder / name).is_file() else {}

    def report(self, generation: int, outcome: dict[str, Any]) -> None:
        """Writes this host's outcome of a generation."""
        write_json(self.folder / "outcomes" / self.host / f"{generation}.json", outcome, 0o600)
