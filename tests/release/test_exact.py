"""The versions that requirements mean on the day of a release: found once, with hashes, kept with it and believed by their mark."""

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import documents
import pytest

from cloud_init.host import contracts
from cloud_init.host.contracts.manifest import INSTALL
from cloud_init.host.contracts.rollout import DesiredState
from cloud_init.host.release import wheels
from components.release import publishing
from components.release.store import Desired, connect, in_folder, to_json
from components.rollout import coordinator

HOST = {"packages": {}, "system": {}}


def hashes(text: str) -> set[str]:
    """SHA-256 of every file that a list allows."""
    return set(re.findall("--hash=sha256:([0-9a-f]{64})", text))


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
    text, why = publishing.versions(("flaskette\nunicornette<2\n", "unicornette==2.0\n"), None)
    assert why == ""
    named = [line.split()[0] for line in text.splitlines() if line[:1].isalpha()]
    assert named == ["flaskette==2.0", "jinjette==1.5", "unicornette==2.0"]  # what the server needs wins over what the app says
    assert len(hashes(text)) == 3


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [("nosuch\n", "No solution found"), ("\n--no-binary :none:\n", "there is nothing to find"), ("flaskette ===\n", "Couldn't parse")],
)
def test_why_there_are_none(shelf: Path, requirement: str, reason: str) -> None:
    text, why = publishing.versions((requirement,), "3.11")
    assert text == ""
    assert why.startswith(reason)


def test_nobody_without_the_key_makes_a_list() -> None:
    data = publishing.signed("key", "r1", "flaskette==2.0 --hash=sha256:0\n")
    assert publishing.verified("key", "r1", data) == "flaskette==2.0 --hash=sha256:0\n"
    forged = [data.replace(b"2.0", b"1.0"), data.partition(b"\n")[2], b"", b"\xff\n" + data, publishing.signed("other", "r1", "x")]
    assert [publishing.verified("key", "r1", one) for one in forged] == [""] * 5
    assert publishing.verified("key", "r2", data) == ""
    assert publishing.verified("", "r1", b"without a key\n") == "without a key\n"


def publish(folder: Path, release: str, *requirements: str, key: str = "", secret: dict[str, str] | None = None, **given: Any) -> str:
    """A release of an empty app; the list that it has in the store."""
    (folder / "app").mkdir(exist_ok=True)
    manifest = documents.manifest(requirements=requirements, **{"host": HOST, **given})
    props = {
        "release": release, "manifest": json.dumps(contracts.document(manifest)), "source": str(folder / "app"),
        "secret_environment": secret or {}, "key": key,
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
    assert "flaskette==2.0" in publishing.verified("k", "r2", again.encode())


def test_a_machine_that_is_taken_as_it_is_needs_none(shelf: Path, tmp_path: Path) -> None:
    assert publish(tmp_path, "r1", "flaskette\n", host=None) == ""


def test_files_that_hosts_once_kept_there_go(tmp_path: Path) -> None:
    store = connect(in_folder(tmp_path))
    for name in (f"releases/wheels/{64 * 'a'}/x.whl", "releases/r1/manifest.json"):
        store.put(name, to_json(contracts.document(documents.manifest(id="r1"))))
    state = DesiredState(1, "r1")
    store.put("desired.json", to_json(contracts.document(state)))
    coordinator.clean_up(store, Desired(None, state))
    assert list(store.names("releases/")) == ["releases/r1/manifest.json"]


def test_an_index_that_has_other_files_than_the_lock_is_not_believed(shelf: Path) -> None:
    """The hosts get the lock's hashes: they refuse the file, instead of taking what the index has by now."""
    lock = f"flaskette==1.0 --hash=sha256:{64 * '1'} --hash=sha256:{64 * '2'}\n"
    text, why = publishing.versions((lock, "unicornette\n"), "3.11", f"jinjette==1.5 --hash=sha256:{64 * '3'}\n")
    assert why == ""
    assert {64 * "1", 64 * "2", 64 * "3"} < hashes(text)
    assert len(hashes(text)) == 4


def test_constraints_hold_and_bring_nothing_by_themselves(shelf: Path) -> None:
    wheel(shelf, "jinjette", "2.0")
    text, _ = publishing.versions(("flaskette\n",), "3.11", "jinjette<2\nunicornette<2\n")
    assert [line.split()[0] for line in text.splitlines() if line[:1].isalpha()] == ["flaskette==2.0", "jinjette==1.5"]
    assert "jinjette==2.0" in publishing.versions(("flaskette\n",), "3.11")[0]


def test_no_credentials_are_in_the_list_but_names_that_hosts_fill_in(shelf: Path) -> None:
    secret = {"PIP_EXTRA_INDEX_URL": "https://me:hunter2@127.0.0.1:9/simple", "TOKEN": "hunter2"}
    text, why = publishing.versions(
        ("--find-links https://${TOKEN}@127.0.0.1:9/x\nflaskette\n",), "3.11", "", {**secret, "UV_OFFLINE": "1"}
    )
    assert why == ""
    assert "hunter2" not in text
    assert "--find-links https://${TOKEN}@127.0.0.1:9/x" in text


def repository(folder: Path) -> Path:
    """A package that only a repository has, whose needs can be read without building it."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "gitette"\nversion = "1"\ndependencies = ["jinjette"]\n')
    for words in ("init", "add .", "-c user.name=x -c user.email=x@example.com commit -m x"):
        subprocess.run(["git", "-C", str(folder), *words.split()], check=True, capture_output=True)
    return folder


def test_a_requirement_of_a_repository_is_its_commit(shelf: Path, tmp_path: Path) -> None:
    place = repository(tmp_path / "gitette")
    commit = subprocess.run(["git", "-C", str(place), "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    secret = {"TOKEN": str(tmp_path)[1:]}
    text, why = publishing.versions(("gitette @ git+file:///${TOKEN}/gitette\nflaskette\n",), "3.11", "", secret)
    assert why == ""
    hashed, commits = wheels.parted(text)
    assert [line for line in commits.splitlines() if line[0] != "-"] == [f"gitette @ git+file:///${{TOKEN}}/gitette@{commit}"]
    assert [line.split()[0] for line in hashed.splitlines() if line[0] != "-"] == ["flaskette==2.0", "jinjette==1.5"]
    assert wheels.parted("--index-url x\n") == ("", "")


def test_the_installers_secrets_are_published_as_secrets_alone(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert publish(tmp_path, "r1", "flaskette\n") == ""
    text = publish(tmp_path, "r2", "flaskette\n", secret={INSTALL: json.dumps({"PIP_FIND_LINKS": str(shelf), "TOKEN": "hunter2"})})
    assert "flaskette==2.0" in text
    told = [path for path in (tmp_path / "store").rglob("*") if path.is_file() and "hunter2" in path.read_text(errors="replace")]
    assert [path.relative_to(tmp_path / "store").as_posix() for path in told] == ["secrets/web/r2.json"]


def test_other_constraints_or_another_python_get_their_own_versions(shelf: Path, tmp_path: Path) -> None:
    first = publish(tmp_path, "r1", "flaskette\n")
    live(tmp_path, "r1")
    wheel(shelf, "flaskette", "3.0", "jinjette>=1")
    assert publish(tmp_path, "r2", "flaskette\n") == first
    assert "flaskette==3.0" in publish(tmp_path, "r3", "flaskette\n", constraints="unicornette<2\n")
