"""Code ids and archives: equal wherever the app is, different after any change, exact on the way back."""

import gzip
import hashlib
import io
import os
import random
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from speeds import examples

from cloud_init.host.contracts import manifest
from cloud_init.host.release.unpack import unpack, verify
from components.errors import SlipwayError
from components.source import archive
from components.source.archive import collect
from components.source.walk import files_of

Tree = dict[str, tuple[bytes, bool]]

PARTS = st.text(st.sampled_from("ab-é ."), min_size=1, max_size=3).filter(lambda part: part.strip("."))
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join) | st.just("long/" + "x" * 120 + "/" + "é" * 60)
light = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    found = draw(st.dictionaries(PATHS, st.tuples(st.binary(max_size=1500), st.booleans()), min_size=1, max_size=6))
    return {path: file for path, file in found.items() if not any(other.startswith(f"{path}/") for other in found)}


def made(tree: Tree, folder: Path) -> Path:
    for path, (data, executable) in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        (folder / path).chmod(0o775 if executable else 0o664)
    return folder


def code_of(tree: Tree) -> manifest.Code:
    with tempfile.TemporaryDirectory() as name:
        return collect(made(tree, Path(name)))


def read_back(path: Path) -> Tree:
    with tarfile.open(path) as tar:
        members = [(one, tar.extractfile(one)) for one in tar]
        return {one.name: (file.read() if file else b"", bool(one.mode & 0o100)) for one, file in members}


def reference_id(tree: Tree) -> str:
    """The sentence in docs/architecture.md, word for word."""
    digest = hashlib.sha256()
    for path, (data, executable) in sorted(tree.items()):
        mode = b"x" if executable else b"-"
        digest.update(path.encode() + b"\0" + mode + b"\0" + str(len(data)).encode() + b"\0" + data)
    return digest.hexdigest()[:12]


@light
@given(trees())
def test_the_id_is_the_one_that_is_promised(tree: Tree) -> None:
    assert code_of(tree).id == reference_id(tree)


@light
@given(trees(), st.randoms())
def test_order_times_and_place_are_no_matter(tree: Tree, chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        paths = list(tree)
        chance.shuffle(paths)
        folder = made({path: tree[path] for path in paths}, Path(name, "else", "where"))
        for path in paths:
            os.utime(folder / path, (chance.randint(0, 2**31), chance.randint(0, 2**31)))
        (folder / "empty").mkdir(exist_ok=True)
        again, first = collect(folder), code_of(tree)
    assert (again.id, again.sha256, again.bytes) == (first.id, first.sha256, first.bytes)


@light
@given(trees(), st.data())
def test_any_change_is_another_id(tree: Tree, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(tree)))
    content, executable = tree[path]
    position = data.draw(st.integers(0, len(content)))
    flipped = bytes([content[position] ^ 1]) if position < len(content) else b"!"
    changed: list[Tree] = [
        {**tree, path: (content[:position] + flipped + content[position + 1 :], executable)},
        {**tree, path: (content, not executable)},
        {**{other: file for other, file in tree.items() if other != path}, f"{path}~1": (content, executable)},
        {**tree, "one-more": (b"", False)},
    ]
    before = code_of(tree)
    for other in changed:
        after = code_of(other)
        assert after.id != before.id
        assert after.sha256 != before.sha256


def test_content_can_not_pass_for_a_name() -> None:
    one = code_of({"a": (b"1", False), "b": (b"", False)})
    other = code_of({"a": (b"1b\0-\x000\0", False)})
    assert one.id != other.id


@light
@given(trees())
def test_round_trip(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = collect(made(tree, folder / "app"))
        (folder / "code.tar.gz").write_bytes(archive.archive(folder / "app", code))
        assert read_back(folder / "code.tar.gz") == tree
        stream = gzip.decompress((folder / "code.tar.gz").read_bytes())
        assert (hashlib.sha256(stream).hexdigest(), len(stream)) == (code.sha256, code.bytes)
        verify(folder / "code.tar.gz", manifest.Code(code.id, code.sha256))
        unpack(folder / "code.tar.gz", folder / "there")
        assert collect(folder / "there").id == code.id


def test_the_bytes_are_these_on_every_machine(tmp_path: Path) -> None:
    tree: Tree = {"wsgi.py": (b"app = 1\n", False), "bin/run": (b"#!/bin/sh\n", True), "é/" + "x" * 150: (b"long", False)}
    code = collect(made(tree, tmp_path))
    assert (code.id, code.bytes) == ("ad0f3ba2d883", 5120)
    assert code.sha256 == "b93f7977fc30ad24e2886e45ab6bd1e9ff98a3ce3acacc1e63418a72887fd957"


def test_the_archive_tells_nothing_of_this_machine(tmp_path: Path) -> None:
    app = made({"a": (b"x", True), "b": (b"y", False)}, tmp_path / "app")
    (tmp_path / "x.tar.gz").write_bytes(archive.archive(app, collect(app)))
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        facts = [(one.mtime, one.uid, one.gid, one.uname, one.gname, oct(one.mode)) for one in tar]
    assert facts == [(0, 0, 0, "", "", "0o755"), (0, 0, 0, "", "", "0o644")]
    assert (tmp_path / "x.tar.gz").read_bytes()[3:10] == b"\0" + bytes(4) + b"\0\xff"  # no name, no time


def test_a_change_after_the_plan_is_told(tmp_path: Path) -> None:
    code = collect(made({"a": (b"before", False)}, tmp_path / "app"))
    (tmp_path / "app/a").write_bytes(b"behind")
    for pack in (archive.archive, lambda folder, wanted: archive.write_bundle({}, wanted, folder, tmp_path / "x.tar.gz")):
        with pytest.raises(SlipwayError, match=rf"app: wanted code {code.id}, found \w+: files changed meanwhile; run `up` again"):
            pack(tmp_path / "app", code)
    assert [path.name for path in tmp_path.iterdir()] == ["app"]


@pytest.mark.parametrize("in_memory", [32 << 20, 10])
def test_what_a_release_is_named_after_is_what_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int) -> None:
    monkeypatch.setattr(archive, "_IN_MEMORY", in_memory)
    app = made({"a/" + "x" * 150: (b"before", True), "b": (b"", False)}, tmp_path / "app")
    code = collect(app, keep=True)
    shutil.rmtree(app)
    (tmp_path / "x.tar.gz").write_bytes(archive.archive(app, code))
    verify(tmp_path / "x.tar.gz", manifest.Code(code.id, code.sha256))
    archive.write_bundle({"Procfile": "web: run\n"}, code, app, tmp_path / "y.tar.gz")
    sent = {"Procfile": (b"web: run\n", False), "src/a/" + "x" * 150: (b"before", True), "src/b": (b"", False)}
    assert read_back(tmp_path / "y.tar.gz") == sent
    made({"b": (b"after", False)}, app)
    assert collect(app, keep=True).id != code.id
    with pytest.raises(SlipwayError, match="files changed meanwhile"):
        archive.archive(app, code)


@pytest.mark.parametrize("meanwhile", [archive.archive, lambda folder, code: collect(folder.parent, keep=True)])
def test_threads_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Path, manifest.Code], object]) -> None:
    app = made({"a": (b"x", False)}, tmp_path / "app")
    code, copy = collect(app, keep=True), shutil.copyfileobj

    def slow_copy(*given: Any) -> None:
        monkeypatch.setattr(shutil, "copyfileobj", copy)
        wait([other.submit(meanwhile, app, code)], 0.5)
        copy(*given)

    monkeypatch.setattr(shutil, "copyfileobj", slow_copy)
    with ThreadPoolExecutor() as other:
        packed = archive.archive(app, code)
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == code.sha256


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: path.write_bytes(b"1"), "became shorter while it was read"),
        (lambda path: path.unlink(), "wanted a file that can be read, found: No such file or directory"),
    ],
)
def test_a_file_that_is_no_longer_what_it_was(
    change: Callable[[Path], None], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(made({"a": (b"before", False)}, tmp_path / "app"))
    monkeypatch.setattr(archive, "files_of", lambda folder, kept: files)
    change(tmp_path / "app/a")
    with pytest.raises(SlipwayError, match=told):
        collect(tmp_path / "app")


def test_a_file_that_grows_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = made({"log": (b"before", False)}, tmp_path / "app")
    files, code = files_of(app), collect(app)
    monkeypatch.setattr(archive, "files_of", lambda folder, kept: files)
    with open(app / "log", "ab") as log:
        log.write(b" and after")
    (tmp_path / "x.tar.gz").write_bytes(archive.archive(app, code))
    assert read_back(tmp_path / "x.tar.gz") == {"log": (b"before", False)}


def test_each_file_is_read_once_and_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made({"a": (bytes(300), False), "b": (b"", False)}, tmp_path)
    opened: list[str] = []
    asked: list[int] = []

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size or 0)
            return super().read(size)

    def watched_open(path: Path, mode: str) -> Watched:
        opened.append(path.name)
        return Watched(str(path), mode.replace("b", ""))

    monkeypatch.setattr(archive, "_CHUNK", 128)
    monkeypatch.setattr(archive, "open", watched_open, raising=False)
    assert collect(tmp_path).bytes == 512 + 512 + 512 + 1024
    assert opened == ["a", "b"]
    assert asked == [128, 128, 44]


def test_moving_the_folder_changes_nothing(tmp_path: Path) -> None:
    before = collect(made({"a": (b"x", False)}, tmp_path / "one"))
    shutil.move(tmp_path / "one", tmp_path / "two")
    assert collect(tmp_path / "two").sha256 == before.sha256
