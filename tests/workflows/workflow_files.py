"""The workflows as data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))


class Job(NamedTuple):
    """One job of one workflow."""

    workflow: str
    name: str
    content: dict[str, Any]

    @property
    def label(self) -> str:
        return f"{self.workflow}/{self.name}"


def read(path: Path) -> dict[str, Any]:
    """As GitHub reads it: YAML 1.2, where `on` is a word and not true."""
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text())
    return {("on" if key is True else str(key)): value for key, value in loaded.items()}


def jobs() -> list[Job]:
    """Every job there is."""
    return [Job(path.stem, name, job) for path in WORKFLOWS for name, job in read(path)["jobs"].items()]


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of jobs and actions, with where it is."""
    for job in jobs():
        yield from ((job.label, step) for step in job.content["steps"])
    for path in ACTIONS:
        yield from ((path.parent.name, step) for step in read(path)["runs"]["steps"])
