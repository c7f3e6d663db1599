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
    with it. Two of the clouds have their metadata at one address, so that one is left before the other begins."""
    with on_alibaba(network, monkeypatch) as alibaba:
        with on_amazon(network, monkeypatch) as amazon:
            there = launched(amazon, "own-host", say)
            here = launched(alibaba, "same-host", say)
            written(amazon, there, 50, b"first" * 1000)
            moved(amazon, alibaba, tmp_path / "taken", say)
            assert told(alibaba, here) == told_of(50, b"first" * 1000)
            assert amazon.ask(there)[0] == 503  # its page, until somebody says otherwise
            written(alibaba, here, 7, b"second")
            amazon.slipway("maintenance", "off")
            assert told(amazon, there) == told_of(50, b"first" * 1000)  # the way back is there
        with on_google(network, monkeypatch, GOOGLE_DEBIAN) as google:
            last = launched(google, "own-host", say)
            moved(alibaba, google, tmp_path / "on", say)
            assert told(google, last) == told_of(57, b"second")


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


def moved(old: Stack, new: Stack, taken: Path, say: Say) -> None:
    began = time.monotonic()
    old.slipway("maintenance", "on")
    before = sums(old)
    old.slipway("backup", "--to", str(taken))
    new.slipway("restore", str(taken), "--yes")
    say(f"{old.account.TARGET} to {new.account.TARGET}: {time.monotonic() - began:.1f} s of maintenance")
    assert sums(new) == before
