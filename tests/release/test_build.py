"""A build before a release: run here at `up` alone, what it made travels whatever git ignores."""

import os
from pathlib import Path
from typing import Any

import pytest

from components.errors import SlipwayError
from components.release import bundle
from components.settings import App, parse
from components.source.archive import build, collect
from components.source.walk import files_of


def app(**given: Any) -> App:
    return App.model_validate({"name": "shop", **given})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An app whose build goes where git doesn't look, in a repository of its own."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("dist\nnode_modules\n*.mo\n/static/\n")
    (tmp_path / "wsgi.py").write_text("app = make()")
    (tmp_path / "static").mkdir()
    (tmp_path / "static/upload.png").write_text("of this machine")
    return tmp_path


def paths(folder: Path, *kept: str) -> list[str]:
    return [entry.path for entry in files_of(folder, kept)]


def test_what_it_made_travels_and_nothing_else_that_is_ignored(folder: Path) -> None:
    made = app(
        build="mkdir -p static/dist/css node_modules lang && echo $0 > static/dist/css/a.css && touch lang/de.mo node_modules/x a.mo"
    )
    build(folder, made, dry=False)
    assert paths(folder) == [".gitignore", "wsgi.py"]
    assert paths(folder, "static/dist", "./lang/de.mo") == [".gitignore", "lang/de.mo", "static/dist/css/a.css", "wsgi.py"]


def test_the_code_id_covers_it_and_another_process_finds_the_same(folder: Path) -> None:
    build(folder, app(build="mkdir dist && echo 1 > dist/a.js", built=["dist"]), dry=False)
    first = collect(folder, ("dist",))
    assert first.kept == ("dist",)
    assert collect(folder, first.kept).id == first.id != collect(folder).id
    (folder / "dist/a.js").write_text("2")
    assert collect(folder, ("dist",)).id != first.id


def test_a_plan_never_runs_it(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build(folder, app(build="touch made", built=["made"]), dry=True)
    assert not (folder / "made").exists()


def test_it_is_not_given_what_pulumi_knows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hunter2")
    monkeypatch.setenv("NODE_ENV", "production")
    build(folder, app(build="env > made.txt; pwd >> made.txt"), dry=False)
    said = (folder / "made.txt").read_text()
    assert "PULUMI" not in said
    assert "NODE_ENV=production" in said
    assert said.splitlines()[-1] == os.path.realpath(folder)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"build": "echo begun; echo 'no such script: build' >&2; exit 3"},
            "exit code 3: begun / no such script: build; nothing",
        ),
        ({"build": "exit 1"}, "exit code 1: it said nothing"),
        ({"build": "true", "built": ["dist"]}, "slipway:app.built: wanted 'dist' in the app's folder after `true`, found nothing"),
        ({"built": ["node_modules/x"]}, "wanted what may be in a release, found 'node_modules/x', which never is"),
        ({"built": [".env"]}, "found '.env', which never is"),
    ],
)
def test_what_goes_wrong_is_one_line(folder: Path, given: dict[str, Any], words: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        build(folder, app(**given), dry=False)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bundle_has_the_constraints_too_without_hashes(tmp_path: Path) -> None:
    """A platform's pip wants a hash for each line or for none; and of the server's own packages the bundle's versions count."""
    (tmp_path / "wsgi.py").write_text("app = make()")
    (tmp_path / "requirements.txt").write_text("-c pins.txt\nflask")
    (tmp_path / "pins.txt").write_text("jinja2==3.1 --hash=sha256:0\nGunicorn==21.2.0")
    settings = parse({"slipway:target": "local", "slipway:app": {"name": "shop"}}, [], "dev")
    files = {file.path: file.content for file in bundle.plan(settings, tmp_path, "x").manifest.files}
    assert files["constraints.txt"] == "jinja2==3.1\ngunicorn==27.0.1\n"
    assert files["requirements.txt"].splitlines()[:2] == ["-c constraints.txt", "flask"]
