"""What the Pulumi CLI's `refresh` is told by providers; the engine in this process has none."""

import json
import os
import subprocess
import sys

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from project import ROOT
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto.provider_pb2 import DeleteRequest
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from components import providers
from components.errors import SlipwayError
from components.hosts import progress

GONE = "nothing runs: it was ended"


class Shelf(providers.DynamicProvider):
    """Finds what `now` says, as often as it is asked."""

    UPDATES = ("size",)

    def __init__(self) -> None:
        self.now: str | Exception = ""

    def drift(self, _olds, _news):
        if isinstance(self.now, Exception):
            raise self.now
        return self.now

    def made(self, props, olds):
        return {"size": props["size"]}

    def refresh(self, inputs, outputs):
        """The outputs as they are then, and whether the CLI calls the resource changed."""
        read = self.read("web-1", outputs).outs or {}
        return read, self.diff("web-1", read, inputs).changes


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_nothing_is_said_of_what_is_well(shelf, capsys):
    assert shelf.refresh({"size": 1, "drift": ""}, {"size": 1}) == ({"size": 1}, False)
    assert capsys.readouterr() == ("", "")


def test_what_stopped_is_told_and_mended_by_the_next_up(shelf, capsys):
    shelf.now = GONE
    outputs, changed = shelf.refresh({"size": 1, "drift": ""}, {"size": 1})
    assert (outputs, changed) == ({"size": 1, "drift": GONE}, True)
    assert capsys.readouterr().err == f"web-1: {GONE}; `pulumi preview` shows what an `up` does about it\n"
    assert shelf.diff("web-1", outputs, {"size": 1, "drift": GONE}).changes
    shelf.now = ""
    assert not shelf.diff("web-1", outputs, {"size": 1, "drift": ""}).changes
    assert shelf.refresh({"size": 1, "drift": ""}, outputs) == ({"size": 1}, False)


def test_what_an_up_mended_is_not_called_changed(shelf):
    """Inputs keep what that `up` found until the next one."""
    assert shelf.refresh({"size": 1, "drift": GONE}, {"size": 1}) == ({"size": 1}, False)


def test_what_cannot_be_asked_is_told_and_refreshes_the_rest(shelf, capsys):
    shelf.now = SlipwayError("store: no answer")
    assert shelf.refresh({"size": 1, "drift": GONE}, {"size": 1})[1]
    assert "web-1: store: no answer" in capsys.readouterr().err


def test_a_release_that_somebody_took_back_is_told(tmp_path, capsys):
    (tmp_path / "desired.json").write_text(json.dumps({"generation": 2, "live": "b", "by": "rollback", "actor": "ann"}))
    outputs = {"release": "a", "url": "http://a.example", "store": f"file://{tmp_path}", "ok": True}
    found = (providers.RolloutProvider().read("rollout", outputs).outs or {})["drift"]
    assert found.startswith("live is b (rolled back by ann, ")
    assert f"rollout: {found}" in capsys.readouterr().err


def test_a_note_that_slipway_shows_is_not_printed_too(shelf, capsys, monkeypatch, tmp_path):
    with progress.listen(lambda step: None):
        progress.note("web-1", "left out")
    monkeypatch.setenv(progress.FILE, str(tmp_path / "told"))
    progress.note("web-1", "left out")
    assert (capsys.readouterr().err, (tmp_path / "told").exists()) == ("", True)


def test_the_clis_process_tells_our_errors_in_words(tmp_path):
    """The process that the CLI starts for providers, asked as the CLI asks: it would give the traceback of each error."""
    command = [sys.executable, "-m", "pulumi.dynamic", "none"]
    with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True) as process:
        try:
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                asked = Struct()
                asked.update({"__provider": serialize_provider(providers.RolloutProvider()), "tree": "/gone/.slipway/dev"})
                with pytest.raises(grpc.RpcError) as ours:
                    ResourceProviderStub(channel).Delete(DeleteRequest(id="rollout", properties=asked))
                asked.update({"tree": 5})
                with pytest.raises(grpc.RpcError) as unforeseen:
                    ResourceProviderStub(channel).Delete(DeleteRequest(id="rollout", properties=asked))
        finally:
            process.kill()
    assert ours.value.details().startswith(f"{tmp_path}/.slipway/dev: wanted the folder that the stack was launched in")
    assert unforeseen.value.details().startswith("Traceback")
