"""The versions that requirements mean on the day of a release: found once, with hashes, kept with it and believed by their mark."""

import json
import zipfile
from pathlib import Path
from typing import Any

import documents
import pytest

from cloud_init.host import contracts
from cloud_init.host.contracts.rollout import DesiredState
from cloud_init.host.release import wheels
from components.release import exact, publishing
from components.release.store import connect, in_folder, to_json
from components.rollout import clean_up
from components.rollout.desired_state import Desired

HOST = {"packages": {}, "system": {}}


def wheel(folder: Path, name: str, version: str, needs: str = "") -> Path:
    """A package without anything in it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        require = f"Requires-Dist: {needs}\n" if needs else ""
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{require}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that there is to install."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        wheel(folder, "flaskette", version, "jinjette>=1")
        wheel(folder, "unicornette", version)
    wheel(folder, "jinjette", "1.5")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_every_package_has_a_version_and_hashes(shelf: Path) -> None:
    text, why = exact.versions(("flaskette\nunicornette<2\n", "unicornette==2.0\n"), None)
    assert why == ""
    named = [line.split()[0] for line in text.splitlines() if line[:1].isalpha()]
    assert named == ["flaskette==2.0", "jinjette==1.5", "unicornette==2.0"]  # what the server needs wins over what the app says
    assert len(wheels.hashes(text)) == 3


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [("nosuch\n", "No solution found"), ("\n--no-binary :none:\n", "there is nothing to find"), ("flaskette ===\n", "Couldn't parse")],
)
def test_why_there_are_none(shelf: Path, requirement: str, reason: str) -> None:
    text, why = exact.versions((requirement,), "3.11")
    assert text == ""
    assert why.startswith(reason)


def test_nobody_without_the_key_makes_a_list() -> None:
    data = exact.signed("key", "r1", "flaskette==2.0 --hash=sha256:0\n")
    assert exact.verified("key", "r1", data) == "flaskette==2.0 --hash=sha256:0\n"
    forged = [data.replace(b"2.0", b"1.0"), data.partition(b"\n")[2], b"", b"\xff\n" + data, exact.signed("other", "r1", "x")]
    assert [exact.verified("key", "r1", one) for one in forged] == [""] * 5
    assert exact.verified("key", "r2", data) == ""
    assert exact.verified("", "r1", b"without a key\n") == "without a key\n"


def publish(folder: Path, release: str, *requirements: str, key: str = "", **given: Any) -> str:
    """A release of an empty app; the list that it has in the store."""
    (folder / "app").mkdir(exist_ok=True)
    manifest = documents.manifest(requirements=requirements, **{"host": HOST, **given})
    props = {
        "release": release, "manifest": json.dumps(contracts.document(manifest)), "source": str(folder / "app"),
        "secret_environment": {}, "key": key,
    }  # fmt: skip
    store = connect(in_folder(folder / "store"))
    store.put("releases/code/c.tar.gz", b"")
    publishing.publish(store, props)
    return (store.get(wheels.list_of(release)) or b"").decode()


@pytest.fixture(autouse=True)
def no_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "archive", lambda *_: b"")


def live(folder: Path, release: str) -> None:
    connect(in_folder(folder / "store")).put("desired.json", to_json(contracts.document(DesiredState(1, release))))


def test_a_release_keeps_its_versions_and_hands_them_on(shelf: Path, tmp_path: Path) -> None:
    first = publish(tmp_path, "r1", "flaskette\n")
    assert "flaskette==2.0" in first
    wheel(shelf, "flaskette", "3.0", "jinjette>=1")
    live(tmp_path, "r1")
    assert publish(tmp_path, "r1", "flaskette\n") == first
    assert publish(tmp_path, "r2", "flaskette\n") == first
    assert "flaskette==3.0" in publish(tmp_path, "r3", "flaskette\nunicornette\n")


def test_a_forged_list_is_not_handed_on(shelf: Path, tmp_path: Path) -> None:
    first = publish(tmp_path, "r1", "flaskette\n", key="k")
    assert first.startswith("# signed: ")
    live(tmp_path, "r1")
    (tmp_path / "store" / wheels.list_of("r1")).write_text("evil==6.6.6 --hash=sha256:" + 64 * "0")
    again = publish(tmp_path, "r2", "flaskette\n", key="k")
    assert "evil" not in again
    assert "flaskette==2.0" in exact.verified("k", "r2", again.encode())


def test_a_machine_that_is_taken_as_it_is_needs_none(shelf: Path, tmp_path: Path) -> None:
    assert publish(tmp_path, "r1", "flaskette\n", host=None) == ""


def test_files_that_no_kept_list_names_go(tmp_path: Path) -> None:
    store = connect(in_folder(tmp_path))
    used, unused = 64 * "a", 64 * "b"
    for name in (f"{wheels.FOLDER}{used}/x.whl", f"{wheels.FOLDER}{unused}/y.whl", "releases/r1/manifest.json"):
        store.put(name, to_json(contracts.document(documents.manifest(id="r1"))))
    store.put(wheels.list_of("r1"), f"x==1 --hash=sha256:{used}\n".encode())
    state = DesiredState(1, "r1")
    store.put("desired.json", to_json(contracts.document(state)))
    clean_up.run(store, Desired(None, state))
    assert list(store.names(wheels.FOLDER)) == [f"{wheels.FOLDER}{used}/x.whl"]
