"""A host's environment of the exact versions that a release was published with, whatever an index says."""

import hashlib
import os
import tempfile
import zipfile
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


def wheel(path):
    """A package of nothing, as a file that pip installs."""
    name, version = path.name.split("-")[:2]
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        for part, text in (("METADATA", about), ("WHEEL", tags), ("RECORD", "")):
            file.writestr(f"{name}-{version}.dist-info/{part}", text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.cost
def test_a_host_takes_what_is_listed_and_nothing_else(places, store, monkeypatch):
    index = places.root / "index"
    digest = wheel(index / "a-1-py3-none-any.whl")
    store.put(wheels.list_of("r1"), f"a==1 --hash=sha256:{digest}\n".encode())
    manifest = documents.manifest(id="r1", requirements=["a\n"])
    (places.release("r1") / "src").mkdir(parents=True)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    wheel(index / "a-2-py3-none-any.whl")  # what is newer was not published
    first = environment.ensure(places, manifest, store)
    assert [path.name for path in first.glob("lib/*/site-packages/a-*.dist-info")] == ["a-1.dist-info"]
    (first / "ready").unlink()
    with zipfile.ZipFile(index / "a-1-py3-none-any.whl", "a") as file:
        file.writestr("hostile.py", "")
    with pytest.raises(Refused, match="requirements can't be installed"):
        environment.ensure(places, manifest, store)
