"""A new tool is asked whether it works on this host, before it takes the present one's place."""

import hashlib
import io
import sys
import zipfile

import documents
import pytest

from cloud_init import host_tool
from cloud_init.host import contracts
from cloud_init.host.base.files import write, write_json
from cloud_init.host.base.outcome import Refused
from cloud_init.host.release.manifests import HostStore
from cloud_init.host.server import setup


@pytest.fixture
def host(tmp_path):
    facts = {"python": sys.executable, "role": "web", "store": (tmp_path / "store").as_uri()}
    made = documents.places(tmp_path / "tree", facts)
    write_json(made.root / "etc/slipway/host.json", contracts.document(made.facts))
    return made


def adopted(host, data, named=None):
    """What becomes of a tool in the store; `named`: the bytes that its name is the SHA-256 of."""
    wanted = hashlib.sha256(data if named is None else named).hexdigest()
    store = HostStore(host.store, host.host)
    store.objects.put(f"releases/tool/{wanted}.pyz", data)
    setup.adopt_tool(host, store, wanted)


def without(part):
    """The present tool with nothing sensible in one of its files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(host_tool.tool())) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"import no_such_module" if name == part else old.read(name))
    return stream.getvalue()


def test_one_that_works_takes_the_present_ones_place(host):
    adopted(host, host_tool.tool())
    assert host.tool.read_bytes() == host_tool.tool()
    assert [path.name for path in host.tool.parent.iterdir()] == ["host.pyz"]


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"no zip", "SyntaxError"), (without("host/front/certificates.py"), "No module named 'no_such_module'")],
    ids=["does not start", "lacks a part"],
)
def test_one_that_does_not_work_is_refused(host, data, why):
    write(host.tool, b"the present one")
    with pytest.raises(Refused, match=rf"does not work on this host \(.*{why}.*; the one before it stays"):
        adopted(host, data)
    assert host.tool.read_bytes() == b"the present one"


def test_one_that_is_damaged_on_the_way_is_refused_and_asked_for_again(host):
    with pytest.raises(Refused, match="wanted that SHA-256 in the store, found"):
        adopted(host, host_tool.tool()[:-1], named=host_tool.tool())
    adopted(host, host_tool.tool())
    assert host.tool.read_bytes() == host_tool.tool()
