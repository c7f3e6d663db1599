"""Plans of stacks on Google Cloud, recorded in the project's own folder; and its command line, as far as it can be had here."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("ssh", "conformance", "host", "")]

from gcloud import EMAIL, PROJECT, Gcloud  # noqa: E402

from components.gcp.control import account  # noqa: E402


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    """A program runs in its project folder."""
    monkeypatch.chdir(TESTS.parent)


@pytest.fixture
def user(monkeypatch):
    """Somebody without credentials, whose own files are empty."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(account, "_login", ["", ""])
    account._let_in.cache_clear()
    with tempfile.TemporaryDirectory(prefix="home-") as home:  # a socket's path in it is short
        monkeypatch.setenv("HOME", home)
        yield monkeypatch


@pytest.fixture
def google(user, tmp_path):
    """The command line, and somebody who is signed in by a service account's file."""
    made = Gcloud(tmp_path / "google")
    user.setenv("PATH", f"{made.bin}:{os.environ['PATH']}")
    (tmp_path / "key.json").write_text(f'{{"type": "service_account", "client_email": "{EMAIL}"}}')
    user.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    account.sign_in(PROJECT)
    return made
