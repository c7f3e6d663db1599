"""What a target adds to its hosts: in the manifest's `later`, and packages from elsewhere on the host."""

import subprocess
from pathlib import Path

import documents
import pytest
from published import serving

from cloud_init import system
from cloud_init.fleet import Archive, Fleet, More, SystemFile
from cloud_init.host.base.outcome import Refused, Steps
from cloud_init.host.contracts.manifest import LaterPart
from cloud_init.host.server import provision, system_files

UNIT = SystemFile("/etc/systemd/system/slipway-agent.service", "[Service]\n", "systemd")


def test_all_of_it_waits_until_the_release_serves():
    more = {"web": More(("acl",), (Archive("agent", "https://a.example/{arch}/agent.deb", "agent.service"),), (UNIT,))}
    with_more = system.host_part(Fleet("systemd", "nginx", "none", more=more, roles=("web", "database")))
    without = system.host_part(Fleet("systemd", "nginx", "none", roles=("web", "database")))
    assert (with_more.packages, with_more.system) == (without.packages, without.system)
    assert set(with_more.later.packages["web"]) - set(without.later.packages["web"]) == {"acl"}
    assert [one for one in with_more.later.system["web"] if one not in without.later.system["web"]] == [UNIT]
    assert with_more.later.system["database"] == without.later.system["database"]
    url = "https://a.example/{arch}/agent.deb"
    assert with_more.later.archives == {"web": (Archive("agent", url, "agent.service"),)}
    assert without.later.archives == {}


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
        ("etc/systemd/system/agent.service", "agent.service"),
        ("lib/systemd/system/agent.service", "agent.service"),
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
    monkeypatch.setattr(provision, "_later_of_live", lambda where: LaterPart({"web": ("acl",)}, {"web": ()}, {"web": (one,)}))
    monkeypatch.setattr("cloud_init.host.server.provision.os.nice", lambda by: None)
    monkeypatch.setattr(provision, "install", told.append)
    monkeypatch.setattr(provision, "ensure_archives", told.append)
    monkeypatch.setattr(system_files, "run_later", lambda where, manifest: told.append("files"))
    provision.later(places, steps)
    assert told == [("acl",), (one,), "files"]
