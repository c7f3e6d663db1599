"""One app moved from cloud to cloud on booted hosts, by the commands of docs/moving.md: rows and files are equal by their checksums.

A launch: only there two clouds' hosts make, check and load what travels."""

import hashlib
import time
from pathlib import Path

import pytest

from real_hosts.apps import ROWS
from real_hosts.cloud_proofs import SUM, Say, launch, sums
from real_hosts.cloud_stack import Stack, on_alibaba, on_amazon, on_google
from real_hosts.network import Network
from real_hosts.seed import GOOGLE_DEBIAN

_FILES = """
import hashlib
from pathlib import Path

@app.post("/files")
def put():
    Path("uploads/one.bin").write_bytes(request.get_data())
    return "kept"

@app.get("/files")
def got():
    return hashlib.sha256(Path("uploads/one.bin").read_bytes()).hexdigest()
"""
_APP = {**ROWS, "wsgi.py": ROWS["wsgi.py"] + _FILES, "sums.py": SUM}
_CONFIG = {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py", "data": ["uploads"]}


def test_from_amazon_to_alibaba_and_on_to_google(network: Network, monkeypatch: pytest.MonkeyPatch, say: Say, tmp_path: Path) -> None:
    """The database is on a server of its own, then on the web server, then on one of its own again; what was written meanwhile goes on
    with it. A cloud's own addresses here are another's too: Google's hosts come when all that they are to have lies in a folder."""
    with on_amazon(network, monkeypatch) as amazon, on_alibaba(network, monkeypatch) as alibaba:
        there = launched(amazon, "own-host", say)
        here = launched(alibaba, "same-host", say)
        written(amazon, there, 50, b"first" * 1000)
        brought(alibaba, tmp_path / "taken", taken(amazon, tmp_path / "taken", say), say)
        assert told(alibaba, here) == told_of(50, b"first" * 1000)
        assert amazon.ask(there)[0] == 503  # its page, until somebody says otherwise
        written(alibaba, here, 7, b"second")
        amazon.slipway("maintenance", "off")
        assert told(amazon, there) == told_of(50, b"first" * 1000)  # the way back is there
        last = taken(alibaba, tmp_path / "on", say)
    with on_google(network, monkeypatch, GOOGLE_DEBIAN) as google:
        address = launched(google, "own-host", say)
        brought(google, tmp_path / "on", last, say)
        assert told(google, address) == told_of(57, b"second")


def launched(stack: Stack, placement: str, say: Say) -> str:
    stack.use()
    stack.project.write_files(_APP)
    stack.write(app=_CONFIG, database={"engine": "postgres", "placement": placement})
    return launch(stack, say, f"green on {stack.account.TARGET}")


def written(stack: Stack, address: str, rows: int, file: bytes) -> None:
    for number in range(rows):
        assert stack.ask(address, "/rows", b"x" * number)[0] == 200
    assert stack.ask(address, "/files", file)[0] == 200


def told(stack: Stack, address: str) -> tuple[str, str]:
    return stack.ask(address, "/rows")[1], stack.ask(address, "/files")[1]


def told_of(rows: int, file: bytes) -> tuple[str, str]:
    return str(rows), hashlib.sha256(file).hexdigest()


def taken(old: Stack, folder: Path, say: Say) -> str:
    """Its data in that folder, behind its page from here on; the sums of what it had."""
    began = time.monotonic()
    old.slipway("maintenance", "on")
    before = sums(old)
    old.slipway("backup", "--to", str(folder))
    say(f"{old.account.TARGET}: taken along after {time.monotonic() - began:.1f} s of maintenance")
    return before


def brought(new: Stack, folder: Path, before: str, say: Say) -> None:
    began = time.monotonic()
    new.slipway("restore", str(folder), "--yes")
    say(f"{new.account.TARGET}: loaded after {time.monotonic() - began:.1f} s of maintenance more")
    assert sums(new) == before
