"""A host's environment from the files in the store: whoever put them there, and with no index in reach."""

import hashlib
import os
import tempfile
from pathlib import Path

import documents
import pytest

from cloud_init.host import stores
from cloud_init.host.base.outcome import Refused
from cloud_init.host.release import environment, wheels

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands an environment to another user and takes it back")


@pytest.fixture
def places():
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        os.chmod(folder, 0o755)
        yield documents.places(Path(folder), {"run": f"{folder}/run/slipway/shop", "user": "nobody", "python": "/usr/bin/python3"})


@pytest.fixture
def store(places):
    return stores.connect(f"file://{places.root}/store")


def listed(store, *files):
    """A release's list of these, by name and content."""
    lines = [f"{name.partition('-')[0]}=={name.split('-')[1]} --hash=sha256:{hashlib.sha256(data).hexdigest()}" for name, data in files]
    store.put(wheels.list_of("r1"), ("\n".join(lines) + "\n").encode())
    return "\n".join(lines)


def test_only_what_is_listed_is_brought_and_only_if_it_is_that(store, tmp_path):
    good, other = ("a-1-py3-none-any.whl", b"a"), ("b-1-py3-none-any.whl", b"b")
    text = listed(store, good, other)
    names = [f"{wheels.FOLDER}{hashlib.sha256(data).hexdigest()}/{name}" for name, data in (good, other, ("c-1.whl", b"unlisted"))]
    for name, data in zip(names, (b"a", b"garbage of a hostile host", b"unlisted"), strict=True):
        store.put(name, data)
    (tmp_path / "got").mkdir()
    wheels.fetch(store, text, tmp_path / "got")
    assert {path.name: path.read_bytes() for path in (tmp_path / "got").iterdir()} == dict([good])


def test_only_what_is_listed_is_kept(store, tmp_path):
    good = ("a-1-py3-none-any.whl", b"a")
    text = listed(store, good)
    for name, data in (good, ("built-1-py3-none-any.whl", b"here, of sources")):
        (tmp_path / name).write_bytes(data)
    wheels.keep(store, text, tmp_path)
    assert list(store.names(wheels.FOLDER)) == [f"{wheels.FOLDER}{hashlib.sha256(b'a').hexdigest()}/a-1-py3-none-any.whl"]


@pytest.mark.cost
@pytest.mark.skipif(not list(environment._WHEELS.glob("pip-*.whl")), reason="the package python3-venv isn't here")
def test_a_host_without_an_index_makes_the_same_environment(places, store, monkeypatch):
    """Only pip says what it takes of which place."""
    [pip] = environment._WHEELS.glob("pip-*.whl")  # a package as good as any
    data = pip.read_bytes()
    listed(store, (pip.name, data))
    (places.root / "index").mkdir()
    (places.root / "index" / pip.name).write_bytes(data)
    manifest = documents.manifest(id="r1", requirements=["pip\n"])
    (places.release("r1") / "src").mkdir(parents=True)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(places.root / "index"))
    first = environment.ensure(places, manifest, store)
    assert [name.rpartition("/")[2] for name in store.names(wheels.FOLDER)] == [pip.name]
    assert not (first / "wheels").exists()
    monkeypatch.setenv("PIP_FIND_LINKS", str(places.root / "nowhere"))
    (first / "ready").unlink()
    again = environment.ensure(places, manifest, store)
    assert list(again.glob(f"lib/*/site-packages/{pip.name.split('-py3')[0]}.dist-info"))
    (first / "ready").unlink()
    for path in (places.root / "store" / wheels.FOLDER).rglob("*.whl"):
        path.write_bytes(b"garbage of a hostile host")
    with pytest.raises(Refused, match="requirements can't be installed"):
        environment.ensure(places, manifest, store)
