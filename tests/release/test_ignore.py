"""Ignore rules against git itself, and what no ignore file brings back."""

import os
import re
import shutil
import string
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from speeds import examples

from components.source.walk import NEVER, files_of

GIT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="needs git")


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())


def git_has(folder: Path) -> list[str]:
    """What git would add: not ignored, whatever is tracked."""
    subprocess.run(["git", "init", "-q", folder], env=GIT, check=True)
    command = ["git", "ls-files", "-z", "-o", "-c", "--exclude-standard"]
    done = subprocess.run(command, cwd=folder, env=GIT, check=True, capture_output=True, text=True)
    return sorted(name for name in done.stdout.split("\0") if name)


def archived(folder: Path) -> list[str]:
    return [entry.path for entry in files_of(folder)]


NAMES = st.text("ab", min_size=1, max_size=2) | st.sampled_from(["a.b", "[a]", "a b", "é", "-", "!a", "#a", "a ", "\\"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
GLOBS = st.sampled_from(["*", "**", "?", "[ab]", "[!a]", "[^b]", "a*", "*b", "[]a]", "[a-]", "\\a"])
ODD = re.compile(r"[^/!]\*\*|\*\*[^/]| /")  # stars within a name, a space before a slash: docs/decisions/0035
PIECES = st.lists(NAMES.filter(lambda name: name != "\\") | GLOBS, min_size=1, max_size=2).map("".join)
PATTERNS = st.builds(
    "{}{}{}{}{}".format,
    *(st.sampled_from(["", "", "!", "\\!", "#"]), st.sampled_from(["", "", "/", "**/"])),
    st.lists(PIECES, min_size=1, max_size=3).map("/".join),
    *(st.sampled_from(["", "", "/", "/**", "/*"]), st.sampled_from(["", "", " ", "\\ ", "\r"])),
).filter(lambda pattern: not ODD.search(pattern.strip()))
FOLDERS = st.sampled_from(["", "a/", "b/", "a/b/", "ab/"])
IGNORES = st.dictionaries(FOLDERS.map("{}.gitignore".format), st.lists(PATTERNS, max_size=4).map("\n".join), min_size=1, max_size=3)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    """Files, none of which is where another needs a folder."""
    files = {path: "" for path in draw(st.lists(PATHS, min_size=1, max_size=8))} | draw(IGNORES)
    return {path: text for path, text in files.items() if not any(other.startswith(f"{path}/") for other in files)}


@needs_git
@settings(max_examples=examples(150), derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees())
def test_generated_trees_are_as_git_has_them(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, {**files, "always": "", ".slipwayignore": "!/always\n!/.slipwayignore"})
        wanted = {*git_has(folder), "always", ".slipwayignore"}
        assert archived(folder) == sorted(wanted)


@needs_git
def test_all_kinds_of_patterns_are_as_git_has_them(tmp_path: Path) -> None:
    letters = [f"{one}{two}" for one in string.ascii_lowercase[:4] for two in ("", ".log", ".py", "1")]
    files = {f"{folder}{name}": "" for folder in ("", "src/", "src/deep/er/", "build/", "keep/") for name in letters}
    lines = ["\ufeff*.log", "!c.log", "/build/*", "!/build/d.py", "src/**/a", "src/*/er/b", "**/er/c", "[ab]1", "", "# no"]
    files[".gitignore"] = "\n".join([*lines, "\\#no", " keep/c \r", "keep/**", "!keep/b*", "d\\.py", "x\\ ", "y \\  ", "z  "])
    files |= {"x": "", "x ": "", "y": "", "y  ": "", "z": "", "z ": ""}
    files["glob/.gitignore"] = "?\n*è\n[é]1\n[b-d]2"
    files |= {f"glob/{path}": "" for path in ("a1", "a2/x", "é", "è", "é1", "b2", "c2", "d2")}
    files["src/.gitignore"] = "*\n!*/\n!*.py\n!.gitignore\n/d.py\n"
    write(tmp_path, files)
    assert archived(tmp_path) == git_has(tmp_path)


@needs_git
def test_a_folder_of_a_repository_follows_its_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        {".gitignore": "*.log\n/app/x\napp/y/\n", "app/.gitignore": "!b.log", "app/a.log": "", "app/b.log": "", "app/x": ""},
    )
    write(tmp_path, {"app/y/z": "", "app/w": "", "app/deep/a.log": ""})
    git_has(tmp_path)
    assert archived(tmp_path / "app") == [".gitignore", "b.log", "w"]


def test_without_a_repository_folders_above_are_no_matter(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*.log\n", "app/a.log": "", "app/.gitignore": "b"})
    assert archived(tmp_path / "app") == [".gitignore", "a.log"]


def test_slipwayignore_has_the_last_word(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "dist/\n", ".slipwayignore": "!/static/dist/\n*.md\n.*ignore\n", "static/dist/app.js": ""})
    write(tmp_path, {"static/.gitignore": "dist\n", "dist/a": "", "README.md": "", "static/README.md": "", "wsgi.py": ""})
    assert archived(tmp_path) == ["static/dist/app.js", "wsgi.py"]


def every_never() -> Iterator[str]:
    yield from (pattern.replace("*", "x") for group in NEVER.values() for pattern in group)
    yield from (
        ".env",
        ".env.production",
        ".env.example",
        ".envrc",
        "app.sqlite",
        "app.sqlite3",
        "app.sqlite3-wal",
        "app.db-journal",
    )


@pytest.mark.parametrize("name", list(every_never()))
def test_never_in_a_release(name: str, tmp_path: Path) -> None:
    back = f"!{name}\n!*\n"
    write(tmp_path, {".gitignore": back, ".slipwayignore": back, "a.py": "", name: "", f"deep/{name}": "", f"folder/{name}/x": ""})
    assert archived(tmp_path) == [".gitignore", ".slipwayignore", "a.py"]


def test_an_environment_by_any_name(tmp_path: Path) -> None:
    write(tmp_path, {"py3/pyvenv.cfg": "", "py3/lib/x.py": "", "src/my/pyvenv.cfg": "", "src/venv/mine.py": "", ".flaskenv": ""})
    assert archived(tmp_path) == [".flaskenv", "src/venv/mine.py"]


def test_patterns_that_name_no_app_file_leave_it(tmp_path: Path) -> None:
    kept = ["app.db", "dump.py", "environment.py", "prod.env", "schema.sql", "sqlite_tools.py", "static/.well-known/x"]
    write(tmp_path, dict.fromkeys(kept, ""))
    assert archived(tmp_path) == kept
