"""The pieces of the bootstrap: pip's settings for uv, Debian's missing ensurepip."""

import importlib.util
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ops.bootstrap import pip_settings, venv
from ops.bootstrap.process import StepError

LISTING = """global.index-url='https://one.example/simple'
global.timeout='30'
install.index-url='https://two.example/simple'
:env:.find-links='/a /b'
global.extra-index-url='\\nhttps://three.example\\nhttps://four.example'
"""


@pytest.fixture
def listing(monkeypatch):
    """What `pip config list` says; None when this Python has no pip."""
    pip_settings.read.cache_clear()
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_"))]:
        monkeypatch.delenv(name)

    def say(text):
        pip_settings.read.cache_clear()
        done = SimpleNamespace(returncode=1 if text is None else 0, stdout=text)
        monkeypatch.setattr(subprocess, "run", lambda *arguments, **options: done)

    yield say
    pip_settings.read.cache_clear()


def test_uv_is_told_what_pip_knows(listing):
    listing(LISTING)
    environment = pip_settings.for_uv()
    assert environment["UV_DEFAULT_INDEX"] == "https://two.example/simple"
    assert environment["UV_INDEX"] == "https://three.example https://four.example"
    assert environment["UV_FIND_LINKS"] == "/a,/b"
    assert environment["UV_HTTP_TIMEOUT"] == "30"


def test_what_is_set_for_uv_stays(listing, monkeypatch):
    listing(LISTING)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example")
    assert pip_settings.for_uv()["UV_DEFAULT_INDEX"] == "https://mine.example"


def test_without_pip_the_variables_count(listing, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://env.example")
    listing(None)
    assert pip_settings.for_uv()["UV_DEFAULT_INDEX"] == "https://env.example"


@pytest.mark.parametrize(("value", "suits"), [("1", False), ("true", False), ("0", True)])
def test_no_index_is_for_pip_alone(listing, value, suits):
    listing(f"global.no-index='{value}'\n")
    assert pip_settings.suit_uv() is suits


@pytest.mark.parametrize(("home", "cached"), [("", False), ("/nowhere", False), ("{tmp}", True)])
def test_a_home_that_cannot_be_written_means_no_cache(listing, monkeypatch, tmp_path, home, cached):
    listing("")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", home.format(tmp=tmp_path))
    assert ("UV_NO_CACHE" not in pip_settings.for_uv()) is cached


class Machine:
    """Programs that fail the first `times` that their words hold `failing`."""

    def __init__(self, failing: str = "nothing fails", times: int = 1) -> None:
        self.failing, self.times, self.ran = failing, times, []

    def __call__(self, *command, env=None):
        line = " ".join(str(word) for word in command)
        self.ran.append(line)
        if self.failing in line and self.times:
            self.times -= 1
            raise StepError("no")
        return ""


PACKAGE = f"python3.{sys.version_info.minor}-venv"


@pytest.fixture
def bare(monkeypatch):
    """Debian's Python without python3-venv."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize(("user", "become"), [(0, ""), (1000, "sudo -n ")])
def test_ensurepip_is_installed_with_fresh_lists_if_need_be(bare, monkeypatch, capsys, user, become):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    machine = Machine("install")
    venv.ensure_ensurepip(machine)
    install = f"{become}apt-get install -y --no-install-recommends {PACKAGE}"
    assert machine.ran == [install, f"{become}apt-get update", install]
    assert capsys.readouterr().err.startswith(f"slipway: installing the Debian package {PACKAGE} … ")


def test_without_a_way_to_root_the_command_is_told(bare, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(StepError, match=f"sudo apt-get install -y {PACKAGE}"):
        venv.ensure_ensurepip(Machine("apt-get", times=9))


def test_ensurepip_that_is_there_needs_nothing():
    machine = Machine()
    venv.ensure_ensurepip(machine)
    assert machine.ran == []


def test_where_uv_fails_pip_installs(listing, tmp_path):
    listing("")
    machine = Machine("uv pip install")
    venv.install(machine, tmp_path, "uv", [tmp_path / "base.txt"])
    assert machine.ran[-1].endswith(f"-m pip install --quiet --disable-pip-version-check -r {tmp_path}/base.txt")


def test_uv_is_installed_where_there_is_none(listing, tmp_path):
    listing("")
    (tmp_path / "base.txt").write_text("rich==1\nuv==9.9  # fast\n")
    machine = Machine()
    venv.install(machine, tmp_path, None, [tmp_path / "base.txt"])
    assert machine.ran[-2].endswith(" uv==9.9")
    assert machine.ran[-1].startswith(f"{tmp_path}/bin/uv pip install")
