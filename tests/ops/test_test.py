"""`slipway test`: every check runs, the first failure decides, pytest comes last."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.errors import UsageError
from ops import app_tests, test_packages
from ops.commands import test as command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ran(monkeypatch):
    """Programs that are only written down; `codes` says which fail."""
    made = SimpleNamespace(lines=[], codes={})

    def run(words, cwd=None, **options):
        line = " ".join([Path(words[0]).name, *map(str, words[1:])])
        made.lines.append(line)
        return SimpleNamespace(returncode=next((code for part, code in made.codes.items() if part in line), 0), stdout="seen", stderr="!")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(app_tests, "run", lambda folder: run(["app"]).returncode)
    return made


def test_checks_then_the_apps_tests_then_pytest(world, slipway, ran):
    (world.folder / "run").write_text("#!/usr/bin/env bash\n")
    done = slipway("test")
    python = Path(sys.executable).name
    assert done.exit_code == 0
    assert ran.lines == [
        "ruff check .",
        "ruff format --check .",
        "mypy",
        f"shellcheck {world.folder}/run",
        "app",
        f"{python} -m pytest --collect-only -qq",
        f"{python} -m pytest -n 2 --maxschedchunk 1 --faults=check",
    ]
    assert done.stdout.splitlines()[-1] == ("checks: ruff check ok, ruff format ok, mypy ok, shellcheck ok, app tests ok")
    assert done.stderr == ""


def test_what_the_target_needs_is_installed_before_all_tests(world, slipway, ran, monkeypatch):
    asked = []
    monkeypatch.setattr("ops.install.ensure", lambda read: asked.append(read()))
    (world.folder / "tests").mkdir()
    (world.folder / "tests/packages.txt").write_text("# programs\n\nnone-such-server nosuchd  # a server\ncoreutils /bin/l?  # files\n")
    slipway("test")
    slipway("test", "tests/ops")
    programs, target = asked
    assert [(need.program, need.packages, need.present, need.required) for need in programs] == [
        ("nosuchd", ("none-such-server",), False, False),
        ("l?", ("coreutils",), True, False),
    ]
    assert programs[0].why == "tests: a server"
    assert target == []


def test_the_list_of_packages_can_be_read():
    listed = test_packages.needs(ROOT)
    assert {"postgresql", "mariadb-server", "pgbouncer"} <= {package for need in listed for package in need.packages}
    assert all(need.why != "tests: " for need in listed)


def test_a_broken_stack_does_not_keep_the_tests_from_running(world, slipway, ran, monkeypatch):
    def broken(call):
        raise UsageError("no such stack")

    monkeypatch.setattr("ops.workplace.enter", broken)
    done = slipway("test")
    assert (done.exit_code, done.stderr) == (0, "slipway: no such stack\n")
    assert len(ran.lines) == 7


def test_arguments_go_to_pytest_alone(world, slipway, ran):
    assert slipway("test", "-s", "tests/ops", "-k", "up", "--help").exit_code == 0
    assert [line.partition(" ")[2] for line in ran.lines] == ["-m pytest -s tests/ops -k up --help"]


def test_real_hosts_alone(world, slipway, ran, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("ops.install.ensure", lambda read: read())
    monkeypatch.setattr(test_packages, "_is_here", lambda name: True)
    monkeypatch.setattr(test_packages, "_refused", lambda command: "")
    assert slipway("test", "--hosts", "-k", "boot").exit_code == 0
    assert [line.partition(" ")[2] for line in ran.lines] == ["-m pytest tests/real_hosts -n 2 --maxschedchunk 1 -k boot"]


@pytest.mark.parametrize(("user", "wanted"), [(1000, "real hosts need root"), (0, "real hosts need mmdebstrap, systemd-nspawn, ip")])
def test_real_hosts_asked_for_where_none_can_be(world, slipway, ran, monkeypatch, user, wanted):
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("ops.install.ensure", lambda read: None)
    monkeypatch.setattr(test_packages, "_is_here", lambda name: name == "nsenter")
    done = slipway("test", "--hosts")
    assert (done.exit_code, ran.lines) == (3, [])
    assert wanted in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_real_hosts_where_namespaces_are_refused(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(test_packages, "_is_here", lambda name: True)
    monkeypatch.setattr(test_packages.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", "unshare: no\n"))
    assert test_packages.why_no_hosts() == "real hosts need namespaces of their own, which this machine refuses: unshare: no"


def test_the_first_failure_decides_and_everything_runs(world, slipway, ran):
    ran.codes = {"mypy": 7, "pytest -n": 1}
    done = slipway("test")
    assert (done.exit_code, len(ran.lines)) == (7, 7)
    assert "mypy failed" in done.stdout
    assert done.stderr == "failed: mypy, pytest\n"


def test_tests_that_cannot_be_collected_are_told_before_any_runs(world, slipway, ran):
    ran.codes = {"--collect-only": 2}
    done = slipway("test")
    assert (done.exit_code, done.stderr) == (2, "seen!\n")
    assert ran.lines[-1].endswith("--collect-only -qq")


def test_a_missing_tool_is_a_failure(world, slipway, monkeypatch):
    def missing(*arguments, **options):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    assert slipway("test", "x").exit_code == 3


def test_shell_scripts_are_found_by_what_they_say(tmp_path):
    for name, text in {"a": "#!/bin/sh\n", "b.py": "#!/usr/bin/env python3\n", "x/c": "#!/usr/bin/env bash\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "d").write_text("#!/bin/sh\n")
    assert sorted(path.name for path in command.shell_scripts(tmp_path)) == ["a", "c"]


def test_the_apps_tests_run_in_an_environment_of_their_own(tmp_path, monkeypatch):
    lines = []

    def run(words, **options):
        lines.append(" ".join(Path(word).name for word in map(str, words)))
        if "venv" in words:
            Path(words[-1]).mkdir(parents=True, exist_ok=True)
        return SimpleNamespace(returncode=0, stdout="")

    monkeypatch.setattr(subprocess, "run", run)
    assert app_tests.run(tmp_path) == 0
    assert lines == []
    (tmp_path / "app" / "tests").mkdir(parents=True)
    (tmp_path / "app" / "requirements.txt").write_text("flask\n")
    assert app_tests.run(tmp_path) == 0
    assert lines[-2].endswith("-r requirements.txt")
    assert lines[-1] == "python -m pytest -q"
    lines.clear()
    app_tests.run(tmp_path)
    assert lines == ["python -m pytest -q"]
    (tmp_path / "app" / "requirements.txt").write_text("flask==3\n")
    app_tests.run(tmp_path)
    assert lines[-2].endswith("-r requirements.txt")


def test_an_environment_that_cannot_be_made_is_told(tmp_path, monkeypatch, capfd):
    bad = SimpleNamespace(returncode=1, stdout="", stderr="no such thing")
    monkeypatch.setattr(subprocess, "run", lambda words, **options: bad)
    (tmp_path / "app" / "tests").mkdir(parents=True)
    assert app_tests.run(tmp_path) == 3
    assert "no such thing" in capfd.readouterr().err
