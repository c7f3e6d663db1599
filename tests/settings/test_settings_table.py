"""docs/settings.md says what the models say."""

from pathlib import Path

import pytest

from components import target
from tools.pages import settings_table


def test_the_table_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert settings_table.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_table_is_told_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(settings_table, "FOLDER", tmp_path)
    old = tmp_path / "docs/settings.md"
    old.parent.mkdir()
    old.write_text("before\n<!-- settings -->\nstale words\n<!-- /settings -->\nafter\n")
    assert settings_table.main(["--check"]) == 1
    assert "docs/settings.md: the table of settings is not current" in capsys.readouterr().err
    assert "stale words" in old.read_text()
    assert settings_table.main([]) == 0
    assert settings_table.main(["--check"]) == 0
    text = old.read_text()
    assert text.startswith("before\n<!-- settings -->\n| key |")
    assert text.endswith("<!-- /settings -->\nafter\n")
    assert "stale words" not in text


def test_every_key_is_explained() -> None:
    rows = settings_table.table().splitlines()[2:]
    of_targets = [row for row in rows if row.startswith(tuple(f"| `slipway:{name}." for name in target.names()))]
    assert len(rows) - len(of_targets) == 56
    assert any("`slipway:local.port`" in row for row in of_targets)
    assert all(cell.strip() for row in rows for cell in row.strip("|").replace("\\|", "").split("|"))
    assert "| `slipway:http.maxBody` | size such as 20MB | `20MB` |" in settings_table.table()
