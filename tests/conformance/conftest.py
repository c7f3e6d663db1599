"""The target for tests counts as a file in components/targets/, and every stack file there is becomes a case."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
import cases

import components.targets

ROOT = Path(__file__).parents[2]
_MINE = str(Path(__file__).parent / "targets")


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program runs in its project folder, whatever the tests before it did."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(components.targets, "__path__", [*components.targets.__path__, _MINE])


@pytest.fixture(params=cases.stack_files(), ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> cases.Case:
    """One stack file with its secrets in plain, each a word that is found again."""
    return cases.read(request.param)
