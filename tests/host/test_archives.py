"""What a target adds to its hosts: in the manifest, and packages from elsewhere on the host."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import documents
import pytest
from published import serving

from cloud_init import system
from cloud_init.fleet import Archive, Fleet
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.processes import managers
from cloud_init.host.server import provision, system_files


def test_it_is_a_part_of_the_release():
    one = Archive("agent", "https://a.example/{arch}/agent.deb", "agent")
    with_one, without = (
        system.host_part(Fleet("systemd", "nginx", "none", archives=some, roles=("web", "database"))) for some in ((one,), ())
    )
    assert (with_one.packages, with_one.system) == (without.packages, without.system)
    assert (with_one.archives, without.archives) == ({"web": (one,), "database": (one,)}, {})


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A server that gives packages; what is then installed is noted in `installed`."""
    with serving(tmp_path) as server:
        server.installed = []
        monkeypatch.setenv("SSL_CERT_FILE", str(server.trusted))
        monkeypatch.setattr("cloud_init.host.base.web.time.sleep", lambda seconds: None)
        monkeypatch.setattr(provision, "_await_lists", lambda: None)
        monkeypatch.setattr(provision, "_install", lambda names: server.installed.append(Path(names[0]).read_bytes()))
        yield server


def deb(folder, name):
    control = folder / "made/DEBIAN/control"
    control.parent.mkdir(parents=True, exist_ok=True)
    control.write_text(f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@a.example>\nDescription: nothing\n")
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", folder / "made", folder / "made.deb"], check=True, capture_output=True)
    return (folder / "made.deb").read_bytes()


def wanted(elsewhere, instead=None, package="slipway-test-agent"):
    return [Archive(package, f"{elsewhere.address}/{{arch}}/agent.deb", instead)]


def test_a_package_is_fetched_and_installed_from_its_file(elsewhere, tmp_path):
    made = deb(tmp_path, "slipway-test-agent")
    elsewhere.answers = [(503, b""), (200, made)]
    provision.ensure_archives(wanted(elsewhere))
    assert elsewhere.installed == [made]
    arch = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    assert elsewhere.asked == [f"/{arch}/agent.deb"] * 2


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("snap/agent/current", "agent"),
        ("var/lib/snapd/seed/snaps/agent_12.snap", "agent"),
    ],
)
def test_what_is_there_is_not_fetched(elsewhere, tmp_path, there, instead):
    elsewhere.answers = [(200, deb(tmp_path, "slipway-test-agent"))]
    provision.ensure_archives(wanted(elsewhere, package="dpkg"), tmp_path)
    (tmp_path / there).parent.mkdir(parents=True)
    (tmp_path / there).touch()
    provision.ensure_archives(wanted(elsewhere, instead), tmp_path)
    assert (elsewhere.asked, elsewhere.installed) == ([], [])
    (tmp_path / there.split("/")[0]).rename(tmp_path / "gone")
    provision.ensure_archives(wanted(elsewhere, instead), tmp_path)
    assert len(elsewhere.installed) == 1


def test_what_goes_wrong_names_package_and_address(elsewhere, tmp_path):
    for answer, told in (
        ((404, b""), "404 Not Found"),
        ((200, b"no package"), "found none"),
        ((200, deb(tmp_path, "other")), "found other"),
    ):
        elsewhere.answers = [answer]
        with pytest.raises(Refused) as refused:
            provision.ensure_archives(wanted(elsewhere))
        assert str(refused.value).startswith("package slipway-test-agent: https://localhost:")
        assert told in str(refused.value)
    with pytest.raises(Refused, match="found an address without https"):
        provision.ensure_archives([Archive("slipway-test-agent", "http://localhost/a.deb")])
    with pytest.raises(Refused, match="wanted the name of a package, found '-o x'"):
        provision.ensure_archives([Archive("-o x", "")])
    assert elsewhere.installed == []


def test_they_come_between_packages_and_files(tmp_path, monkeypatch):
    told, steps = [], Steps()
    places = documents.places(tmp_path, {"app": "shop", "role": "web"})
    one = Archive("agent", "https://a.example")
    host = {"packages": {"web": ["acl"]}, "system": {}, "archives": {"web": [vars(one)]}}
    monkeypatch.setattr(managers, "of", lambda *_: SimpleNamespace(install=lambda: told.append("manager")))
    monkeypatch.setattr(provision, "install", told.append)
    monkeypatch.setattr(provision, "ensure_archives", told.append)
    monkeypatch.setattr(system_files, "run", lambda where, host: told.append("files"))
    provision.ensure(places, documents.manifest(host=host), steps)
    assert told == [[], ("acl",), (one,), "files", "manager"]


def test_one_that_cannot_be_had_refuses_the_release(tmp_path, monkeypatch, elsewhere):
    elsewhere.answers = [(404, b"")]
    steps, host = Steps(), {"packages": {}, "system": {}, "archives": {"web": [vars(one) for one in wanted(elsewhere)]}}
    monkeypatch.setattr(system_files, "run", lambda where, host: pytest.fail("too early"))
    with pytest.raises(Refused, match=r"package slipway-test-agent: https://localhost:.*404 Not Found") as refused:
        provision.ensure(documents.places(tmp_path, {"app": "shop", "role": "web"}), documents.manifest(host=host), steps)
    assert steps.of(refused.value) == "archives"
