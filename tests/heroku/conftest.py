"""A Heroku of this machine, and an app that is launched on it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
from fake_heroku import KEY, Heroku
from heroku_shop import Shop

from components.platforms import heroku as platform


@pytest.fixture
def heroku(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heroku]:
    made = Heroku(tmp_path / "heroku")
    monkeypatch.setenv("HEROKU_HOST", made.url)
    monkeypatch.setenv("HEROKU_API_KEY", KEY)
    monkeypatch.setattr(platform, "PAUSE", 0.05)
    yield made
    made.stop()


@pytest.fixture
def shop(tmp_path: Path, heroku: Heroku, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    monkeypatch.delenv("SLIPWAY_STACK", raising=False)
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path, heroku)


@pytest.fixture
def launched(shop: Shop, heroku: Heroku) -> Callable[..., Shop]:
    def launch(**sections: Any) -> Shop:
        if sections:
            shop.config(**sections)
        shop.up()
        heroku.calls.clear()
        return shop

    return launch
