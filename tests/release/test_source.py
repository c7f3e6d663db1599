"""Finding an app and what it needs: apps.yaml, requirements.yaml, and locks that uv exports."""

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.models.index import PyPI

from components.errors import SlipwayError
from components.source import declared, find_app, pitfalls, python_file, requirements

HERE = Path(__file__).parent
APPS = yaml.safe_load((HERE / "apps.yaml").read_text())
PITFALLS = yaml.safe_load((HERE / "pitfalls.yaml").read_text())
REQUIREMENTS = yaml.safe_load((HERE / "requirements.yaml").read_text().replace("PUBLIC", PyPI.simple_url))
APP = {"wsgi.py": "app = Flask(__name__)"}


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, newline="")
    return folder


def told(folder: Path, module: str | None = None, chosen: str | None = None) -> str:
    with pytest.raises(SlipwayError) as caught:
        find_app(folder, module, chosen)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("case", APPS, ids=lambda case: case["name"])
def test_apps(case: dict[str, Any], tmp_path: Path) -> None:
    folder = write(tmp_path, {"requirements.txt": "flask", **case["files"]})
    before = set(sys.modules)
    if "app" in case:
        assert find_app(folder, case.get("module")).module == case["app"]
    else:
        text = told(folder, case.get("module"))
        assert [words for words in case["told"] if words not in text] == [], text
    assert not {"shop", "wsgi", "app", "hello"} & (set(sys.modules) - before)


def test_words_for_people(tmp_path: Path) -> None:
    write(tmp_path, {"src/shop/__init__.py": "def create_app(): ...", "requirements.txt": "flask\n"})
    source = find_app(tmp_path, None)
    assert source.sentences == ("module shop:create_app() (src/shop/__init__.py)", "requirements from requirements.txt (1 package)")
    assert (source.folder, source.requirements) == (tmp_path, "flask\n")
    assert find_app(tmp_path, "httpbin:app").sentences[0] == "module httpbin:app (not in the app's folder: from an installed package)"
    write(tmp_path, {".flaskenv": "FLASK_APP=shop"})
    assert find_app(tmp_path, None).sentences[0] == "module shop:create_app() (src/shop/__init__.py, named in .flaskenv)"


def test_the_shells_flask_app_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_APP", "other:app")
    assert find_app(write(tmp_path, {**APP, "requirements.txt": ""}), None).module == "wsgi:app"


@pytest.mark.parametrize("case", PITFALLS, ids=lambda case: case["name"])
def test_pitfalls(case: dict[str, Any], tmp_path: Path) -> None:
    lines = list(pitfalls.find(write(tmp_path, case["files"]), case.get("given", ())))
    assert len(lines) == bool(case.get("told")), lines
    assert [words for words in case.get("told", ()) if words not in lines[0]] == []


def test_notes_tell_what_hides_and_what_was_not_taken(tmp_path: Path) -> None:
    files = {"Procfile": "web: gunicorn gone:app", ".flaskenv": "FLASK_APP=web:application", "Dockerfile": "CMD gunicorn app:app"}
    apps = {"app.py": "", "app/__init__.py": "app = Flask(__name__)", "web.py": "application = make()", "requirements.txt": ""}
    assert find_app(write(tmp_path, {**files, **apps}), None).sentences == (
        "module app:app (app/__init__.py, named in Dockerfile)",
        "requirements from requirements.txt (0 packages)",
        "app.py is hidden by the package app/, which Python imports in its place",
        "not taken: Procfile: wanted a module of the app's folder and a name in it, found 'gone:app'; "
        "set slipway:app.module to what is to be served",
        ".flaskenv names another: web:application",
    )


def test_no_folder(tmp_path: Path) -> None:
    assert told(tmp_path / "missing").startswith("slipway:app.path: wanted the app's folder, found no folder at ")


def test_the_example_app() -> None:
    source = find_app(HERE.parents[1] / "app", None)
    assert source.module == "wsgi:app"
    assert source.sentences[1].startswith("requirements from requirements.txt (")


@given(text=st.text(st.characters(codec="utf-8")) | st.sampled_from(["(" * 500, "-" * 5000 + "1", "a." * 3000, "\ufeffapp = x()"]))
def test_any_file_is_read_or_unreadable(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.py"
    path.write_text(text, newline="")
    try:
        python_file.read(path)
    except python_file.Unreadable as error:
        reason = str(error)
    else:
        reason = "none"
    assert reason


@pytest.mark.parametrize("case", REQUIREMENTS, ids=lambda case: case["name"])
def test_requirements(case: dict[str, Any], tmp_path: Path) -> None:
    folder = write(tmp_path / "app", {**APP, **case["files"]})
    write(tmp_path, {"other.txt": "x"})
    if "lines" in case:
        source = find_app(folder, None, case.get("chosen"))
        assert source.requirements.splitlines() == case["lines"]
        assert source.constraints.splitlines() == case.get("constraints", [])
        assert case.get("found", source.sentences[1]) == source.sentences[1]
        assert list(source.sentences[2:]) == case.get("remarks", list(source.sentences[2:]))
    else:
        text = told(folder, chosen=case.get("chosen"))
        assert [words for words in case["told"] if words not in text] == [], text
        assert "hunter2" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    write(tmp_path, APP)
    (tmp_path / "requirements.txt").write_text("flask==3.1.3\n# é\n", encoding=encoding)
    assert find_app(tmp_path, None).requirements == "flask==3.1.3\n"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    write(tmp_path, APP)
    (tmp_path / "requirements.txt").write_bytes(b"flask\xff\n")
    assert told(tmp_path).startswith("requirements.txt: wanted a text file that can be read, found requirements.txt: 'utf-8' codec")


def test_an_include_must_not_leave_by_a_link(tmp_path: Path) -> None:
    write(tmp_path, {"secret.txt": "hunter2"})
    folder = write(tmp_path / "app", {**APP, "requirements.txt": "-r more.txt"})
    (folder / "more.txt").symlink_to("../secret.txt")
    assert "which is outside" in told(folder)


@given(st.text(st.sampled_from("abc-./@:+#=[]~ \\\n\r\t'\"efgithrps"), max_size=60))
def test_any_requirements_are_lines_or_told(text: str) -> None:
    reader = requirements.Requirements("requirements.txt")
    lines = reader.lines
    try:
        reader.add(text, (Path.cwd(), Path.cwd() / "requirements.txt"))
    except SlipwayError as error:
        lines = [str(error)]
    assert all(line == line.strip() and line and line.isprintable() for line in lines)


def lock(*packages: str, root: str = "") -> dict[str, str]:
    """A lock as uv writes it, for a project that needs `packages`; nothing of it exists anywhere."""
    needs = "".join(f'{{ name = "{name}" }},' for name in packages)
    text = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
    for number, name in enumerate(packages):
        wheel = f'url = "https://files.example/{name}-1-py3-none-any.whl", hash = "sha256:{str(number) * 64}", size = 9'
        text += f'[[package]]\nname = "{name}"\nversion = "1"\nwheels = [{{ {wheel} }}]\n'
        text += 'source = { registry = "https://index.example/simple" }\n'
    text += f'[[package]]\nname = "shop"\nversion = "1"\nsource = {{ virtual = "." }}\ndependencies = [{needs}{root}]\n'
    text += f"[package.metadata]\nrequires-dist = [{needs}]\n"
    project = f'[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = {list(packages)}\n'
    return {"uv.lock": text, "pyproject.toml": project, **APP}


def test_a_lock_is_exported_with_its_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_NO_HASHES", "1")
    monkeypatch.setenv("UV_OUTPUT_FILE", "requirements.txt")
    source = find_app(write(tmp_path, {**lock("alpha", "beta"), "requirements.txt": "other"}), None)
    index = "--extra-index-url https://index.example/simple\n"
    assert source.requirements == f"{index}alpha==1 --hash=sha256:{'0' * 64}\nbeta==1 --hash=sha256:{'1' * 64}\n"
    assert source.sentences[1] == "requirements from uv.lock (2 packages)"
    assert sorted(os.listdir(tmp_path)) == ["pyproject.toml", "requirements.txt", "uv.lock", "wsgi.py"]


@pytest.mark.parametrize("broken", [{"uv.lock": "version = "}, {"uv.lock": "version = 99"}])
def test_a_lock_that_uv_refuses(broken: dict[str, str], tmp_path: Path) -> None:
    text = told(write(tmp_path, {**lock("alpha"), **broken}))
    assert "uv.lock: wanted a lock that uv can export, found: " in text
    assert text.endswith("; make it anew with: uv lock")


def test_a_lock_with_a_package_in_a_folder(tmp_path: Path) -> None:
    files = lock("alpha", root='{ name = "local" }')
    files["uv.lock"] += '[[package]]\nname = "local"\nversion = "1"\nsource = { directory = "local" }\n'
    assert "uv.lock: wanted packages by name or address, found the path ./local" in told(write(tmp_path, files))


def test_what_a_project_says_of_itself_is_there_for_its_own_code(tmp_path: Path) -> None:
    """An app that asks for its own version or entry points would find none, as it isn't installed."""
    assert declared.metadata(tmp_path) == {}
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "My.Shop"\nversion = "1.2"\n[project.scripts]\nshop = "shop:main"\n'
        '[project.entry-points."shop.parts"]\na = "shop.a:part"\n'
    )
    for path, content in declared.metadata(tmp_path).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content)
    (found,) = importlib.metadata.distributions(path=[str(tmp_path)])
    assert (found.metadata["Name"], found.version) == ("My.Shop", "1.2")
    assert [(one.group, one.name, one.value) for one in found.entry_points] == [
        ("console_scripts", "shop", "shop:main"),
        ("shop.parts", "a", "shop.a:part"),
    ]
    assert next(iter(importlib.metadata.distributions(name="my-shop", path=[str(tmp_path)]))).version == "1.2"


@pytest.mark.parametrize(
    "text", ["", "[tool.ruff]\n", '[project]\nname = "a b"\n', '[project]\nname = "a"\nversion = "1\\n2"\n', "project = 1\n"]
)
def test_a_project_without_a_name_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert declared.metadata(tmp_path) == {}
