"""What can't be in a release is told in a line: links that lead out, odd files, too much."""

import os
import socket
import tempfile
from pathlib import Path

import pytest

from components.errors import SlipwayError
from components.source import walk
from components.source.walk import files_of


def write(folder: Path, *paths: str, text: str = "") -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def link(folder: Path, path: str, target: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).symlink_to(target)


def told(folder: Path) -> str:
    with pytest.raises(SlipwayError) as caught:
        files_of(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def paths_of(folder: Path) -> list[str]:
    return [entry.path for entry in files_of(folder)]


def test_links_inside_are_followed(tmp_path: Path) -> None:
    write(tmp_path, "real/a.py", "real/deep/b.py", text="x")
    link(tmp_path, "one.py", "real/a.py")
    link(tmp_path, "all", "real")
    link(tmp_path, "real/deep/up.py", "../a.py")
    assert paths_of(tmp_path) == [
        *("all/a.py", "all/deep/b.py", "all/deep/up.py", "one.py", "real/a.py", "real/deep/b.py", "real/deep/up.py")
    ]
    assert {entry.size for entry in files_of(tmp_path)} == {1}


def test_the_folder_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    write(tmp_path, "app/a.py", "app/b/c.py")
    link(tmp_path, "current", "app")
    link(tmp_path, "app/d.py", "b/c.py")
    assert paths_of(tmp_path / "current") == ["a.py", "b/c.py", "d.py"]


@pytest.mark.parametrize(
    ("path", "target", "found"),
    [
        ("out", "../outside", "found one to '../outside', which is outside"),
        ("out", "/etc", "found one to '/etc', which is outside"),
        ("b/out", "../../outside/x", "which is outside"),
        ("twice", "first", "which is outside"),
        ("lost", "nowhere", "found one to 'nowhere', which isn't there"),
        ("itself", "itself", "which isn't there"),
        ("key.txt", ".env", "found one to '.env', which is left out of releases"),
        ("modules", "node_modules/x", "which is left out of releases"),
        ("again", "ignored/x", "which is left out of releases"),
        ("b/up", "..", "found one to ., which it is in"),
        ("b/c/up", "../../b", "found one to b, which it is in"),
    ],
)
def test_links_that_are_refused(path: str, target: str, found: str, tmp_path: Path) -> None:
    write(tmp_path, "outside/x")
    app = write(tmp_path / "app", "a.py", ".env", "node_modules/x", "ignored/x", "b/c/d")
    (app / ".gitignore").write_text("first\nignored\n")
    link(app, "first", "../outside")
    link(app, path, target)
    text = told(app)
    assert text.startswith(f"{path}: wanted a link ")
    assert f"{found}; leave it out by .slipwayignore" in text
    (app / ".slipwayignore").write_text(f"/{path}")
    assert "a.py" in paths_of(app)


def test_behind_a_link_the_real_place_decides_too(tmp_path: Path) -> None:
    write(tmp_path, "data/key", "data/b", "data/.env")
    (tmp_path / ".gitignore").write_text("/data/key\n")
    link(tmp_path, "again", "data")
    assert paths_of(tmp_path) == [".gitignore", "again/b", "data/b"]


def test_a_link_is_ignored_as_what_it_leads_to_as_well(tmp_path: Path) -> None:
    write(tmp_path, "a.py", ".slipwayignore", text="build/\n")
    link(tmp_path, "build", str(tmp_path / "nowhere"))
    link(tmp_path, "src/build", "/etc")
    assert "nowhere" in told(tmp_path)
    (tmp_path / "build").unlink()
    assert paths_of(tmp_path) == [".slipwayignore", "a.py"]


@pytest.mark.parametrize("what", ["named pipe", "socket"])
def test_what_is_no_file(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.py", "run/b")
    if what == "socket":
        monkeypatch.chdir(tmp_path)  # a socket's path has few bytes
        socket.socket(socket.AF_UNIX).bind("run/it")
    else:
        os.mkfifo(tmp_path / "run/it")
    assert told(tmp_path) == "run/it: wanted a file or a folder, found a device, a socket or a pipe; leave it out by .slipwayignore"
    (tmp_path / ".gitignore").write_text("it\n")
    assert paths_of(tmp_path) == [".gitignore", "a.py", "run/b"]


def test_names_in_other_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("")
    text = told(tmp_path)
    assert text == "b'caf\\xe9.txt': wanted a name in UTF-8, found other bytes; rename it, or leave it out by .slipwayignore"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody who may not read")
@pytest.mark.parametrize(("path", "what"), [("locked", "a folder that can be read"), ("locked/x", "a file that can be read")])
def test_what_may_not_be_read(path: str, what: str) -> None:
    from components.source.archive import collect

    with tempfile.TemporaryDirectory() as name:
        folder = write(Path(name), "a.py", "locked/x")
        folder.chmod(0o755)
        (folder / path).chmod(0)
        os.seteuid(65534)
        try:
            with pytest.raises(SlipwayError, match=rf"{path}: wanted {what}, found: Permission denied; leave it out"):
                collect(folder)
        finally:
            os.seteuid(0)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_FILES", 10)
    write(tmp_path, "a.py", *(f"data/{number}" for number in range(9)), *(f"img/{number}" for number in range(4)), "b/c")
    assert "the app's folder: wanted at most 10 files and 500.0 MB, found 15 and 0.0 MB; largest: " in told(tmp_path)
    write(tmp_path, *(f"more/{number}" for number in range(60)))
    assert "found more than 41" in told(tmp_path)


def test_too_many_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a.py", text="x")
    for name, size in (("video", 400), ("dump", 99), ("c", 1), ("d", 5)):
        with open(write(tmp_path, f"{name}/x") / name / "x", "wb") as file:
            file.truncate(size * 10**6)
    assert told(tmp_path) == (
        "the app's folder: wanted at most 50,000 files and 500.0 MB, found 5 and 505.0 MB; largest: video/ (400.0 MB), "
        "dump/ (99.0 MB), d/ (5.0 MB); leave out what the app doesn't need by .slipwayignore"
    )
    (tmp_path / ".slipwayignore").write_text("video\n.slipwayignore")
    assert paths_of(tmp_path) == ["a.py", "c/x", "d/x", "dump/x"]


def test_nothing_left(tmp_path: Path) -> None:
    assert "found none that .gitignore and .slipwayignore leave" in told(tmp_path)
    assert "wanted the app's folder, found no folder at" in told(tmp_path / "missing")
