"""The command line, run in this process over the made-up world."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up import World
from typer.testing import CliRunner

from ops.cli import app
from ops.stack import engines, workplace


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("SLIPWAY_STACK", "SLIPWAY_CWD", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(workplace, "enter", made.enter)
    monkeypatch.setattr(engines.engine, "Engine", made.engine)
    for name in ("foreign", "elsewhere"):
        monkeypatch.setattr(engines, name, lambda work: made.foreign)
    return made


@pytest.fixture
def slipway() -> Callable[..., Any]:
    """Runs the command line in this process; gives exit_code, stdout, stderr."""
    runner = CliRunner()
    return lambda *words, **options: runner.invoke(app, list(words), **options)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody sits at the terminal and gives these answers."""

    def answer(*answers: Any) -> None:
        given = itertools.chain(answers)
        monkeypatch.setattr("ops.cli.on_terminal", lambda: True)
        monkeypatch.setattr("typer.confirm", lambda *a, **k: next(given))
        monkeypatch.setattr("typer.prompt", lambda *a, **k: next(given))

    return answer
