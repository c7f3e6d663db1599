"""System files of a server: written where they may be, put in force once, undone where that fails, removed when their piece is gone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import documents
import pytest

from cloud_init.host.base import processes
from cloud_init.host.base.outcome import Refused
from cloud_init.host.contracts.manifest import HostPart, LaterPart, SystemFile
from cloud_init.host.server import system_files

ONE, TWO = "/etc/systemd/journald.conf.d/slipway.conf", "/etc/systemd/system/slipway-one.service"


class Host:
    """A root folder, and what was asked to be put in force there."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places = documents.places(root, {"app": "demo", "role": "web"})
        self.told: list[tuple[str, str, list[str]]] = []
        self.refuses = ""
        monkeypatch.setattr(system_files, "kind_of", self.kind)

    def kind(self, kind: str) -> Any:
        def tell(what: str, paths: list[Path]) -> None:
            self.told.append((kind, what, [f"/{path.relative_to(self.places.root)}" for path in paths]))
            if what == "apply" and any(self.refuses and self.refuses in path.read_text() for path in paths):
                raise Refused("no such word")

        return SimpleNamespace(apply=lambda paths: tell("apply", paths), withdraw=lambda paths: tell("withdraw", paths))

    def run(self, files: dict[str, str], later: dict[str, str] | None = None) -> list[tuple[str, str, list[str]]]:
        self.told.clear()
        system_files.run(
            self.places, HostPart({}, {"web": _listed(files), "database": ()}, later=LaterPart(system={"web": _listed(later or {})}))
        )
        return [one for one in self.told if one[1:] != ("withdraw", [])]

    def run_later(self, files: dict[str, str]) -> list[tuple[str, str, list[str]]]:
        self.told.clear()
        system_files.run_later(self.places, LaterPart(system={"web": _listed(files)}))
        return [one for one in self.told if one[1:] != ("withdraw", [])]

    def read(self, path: str) -> str | None:
        file = self.places.root / path.lstrip("/")
        return file.read_text() if file.exists() else None


def _listed(files: dict[str, str]) -> tuple[SystemFile, ...]:
    return tuple(SystemFile(path, text, _kind(path), "0600") for path, text in files.items())


def _kind(path: str) -> str:
    return "journald" if "journald" in path else "systemd"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_only_what_differs_is_put_in_force(host: Host) -> None:
    assert host.run({ONE: "a", TWO: "b"}) == [("journald", "apply", [ONE]), ("systemd", "apply", [TWO])]
    assert (host.places.root / ONE.lstrip("/")).stat().st_mode & 0o777 == 0o600
    assert host.run({ONE: "a", TWO: "b"}) == []
    assert host.run({ONE: "a", TWO: "c"}) == [("systemd", "apply", [TWO])]
    (host.places.root / ONE.lstrip("/")).write_text("somebody else's")
    assert host.run({ONE: "a", TWO: "c"}) == [("journald", "apply", [ONE])]
    assert host.read(ONE) == "a"


def test_what_fails_is_undone_and_in_force_again(host: Host) -> None:
    host.run({ONE: "a"})
    host.refuses = "bad"
    with pytest.raises(Refused, match="no such word"):
        host.run({ONE: "bad"})
    assert host.read(ONE) == "a"
    assert host.told[-1] == ("journald", "apply", [ONE])
    with pytest.raises(Refused):
        host.run({ONE: "a", TWO: "bad"})
    assert host.read(TWO) is None
    assert host.run({ONE: "a"}) == [("systemd", "apply", [])]
    assert host.run({ONE: "a"}) == []


def test_a_run_that_was_killed_before_it_was_in_force_is_made_up_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.refuses = "bad"
    monkeypatch.setattr(system_files, "_undo", lambda how, before: None)
    with pytest.raises(Refused):
        host.run({ONE: "bad"})
    host.refuses = ""
    assert host.run({ONE: "bad"}) == [("journald", "apply", [ONE])]
    host.refuses = "worse"
    with pytest.raises(Refused):
        host.run({ONE: "bad", TWO: "worse"})
    host.refuses = ""
    assert host.run({ONE: "bad"})[-1] == ("systemd", "apply", [])
    assert host.read(TWO) is None


def test_files_of_a_piece_that_is_gone_go(host: Host) -> None:
    host.run({ONE: "a", TWO: "b"})
    assert host.run({ONE: "a"}) == [("systemd", "withdraw", [TWO]), ("systemd", "apply", [])]
    assert host.read(TWO) is None
    assert host.run({}) == [("journald", "withdraw", [ONE]), ("journald", "apply", [])]
    assert host.run({}) == []


def test_what_comes_later_is_left_alone_until_then_and_goes_with_its_piece(host: Host) -> None:
    assert host.run({TWO: "b"}, later={ONE: "a"}) == [("systemd", "apply", [TWO])]
    assert host.run_later({ONE: "a"}) == [("journald", "apply", [ONE])]
    assert host.run({TWO: "b"}, later={ONE: "c"}) == []
    assert (host.read(ONE), host.run_later({ONE: "a"})) == ("a", [])
    assert host.run_later({ONE: "c"}) == [("journald", "apply", [ONE])]
    assert host.run_later({}) == []
    assert host.read(TWO) == "b"
    assert host.run({TWO: "b"}) == [("journald", "withdraw", [ONE]), ("journald", "apply", [])]
    assert host.read(ONE) is None


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/etc/systemd/system/ssh.service", "/etc/slipway/../passwd-slipway", "etc/slipway/x",
     "/etc/slipway/", "/etc/slipway/a/b",
     "/etc/sysctl.d/.slipway", "/root/slipway", "/etc/slipway/x\n", "/etc/ssh/sshd_config.d/00-other.conf"],
)  # fmt: skip
def test_no_other_place_is_written(host: Host, path: str) -> None:
    with pytest.raises(Refused, match="is no place for a file of Slipway's"):
        host.run({ONE: "a", path: "x"})
    with pytest.raises(Refused, match="is no place for a file of Slipway's"):
        host.run_later({ONE: "a", path: "x"})
    assert host.told == []


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refused, match=r"wanted one of apt, journald, .*, found 'shell'"):
        system_files.kind_of("shell")


def test_units_are_read_once_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr(processes, "run", lambda *words: said.append(words))
    paths = [tmp_path / "one.service", tmp_path / "two.timer", tmp_path / "three.service"]
    for path in paths:
        path.write_text("[Service]\n" + ("" if path.stem == "three" else "\n[Install]\nWantedBy=x.target\n"))
    system_files.kind_of("systemd").apply(paths)
    units = ("one.service", "two.timer")
    assert said == [
        ("systemctl", "reenable", "--no-reload", *units), ("systemctl", "daemon-reload"), ("systemctl", "restart", *units),
    ]  # fmt: skip
    said.clear()
    system_files.kind_of("systemd").withdraw(paths)
    system_files.kind_of("systemd").apply([])
    assert said == [("systemctl", "disable", "--no-reload", "--now", *units), ("systemctl", "daemon-reload")]
