"""`slipway test`: every check runs, the first failure decides, pytest comes last."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from real_hosts import possible

from components.errors import UsageError
from tools import testing

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ran(monkeypatch):
    """Programs that are only written down; `codes` says which fail."""
    made = SimpleNamespace(lines=[], codes={})

    def run(words, cwd=None, **options):
        line = " ".join([Path(words[0]).name, *map(str, words[1:])])
        made.lines.append(line)
        return SimpleNamespace(returncode=next((code for part, code in made.codes.items() if part in line), 0), stdout="seen", stderr="!")

    class Beside:
        """One that is started, and read once all else has been said."""

        def __init__(self, words, **options):
            self.returncode, self.stdout = run(words).returncode, iter(["...\n", "3 passed\n"])

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(subprocess, "Popen", Beside)
    monkeypatch.setattr(testing, "app_tests", lambda folder: run(["app"]).returncode)
    return made


def test_pytest_beside_the_checks_and_its_words_after_theirs(world, slipway, ran):
    (world.folder / "run").write_text("#!/usr/bin/env bash\n")
    done = slipway("test")
    python = Path(sys.executable).name
    assert done.exit_code == 0
    assert ran.lines == [
        f"{python} -m pytest -n 2 --dist worksteal --faults=check --speed=quick --color=no",
        "ruff check .",
        "ruff format --check .",
        "mypy",
        f"shellcheck {world.folder}/run",
        "app",
    ]
    assert done.stdout.splitlines()[-3:] == [
        "checks: ruff check ok, ruff format ok, mypy ok, shellcheck ok, app tests ok", "...", "3 passed",
    ]  # fmt: skip
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("option", "how"), [("--all", "--maxschedchunk 1 --faults=check --speed=all"), ("--ci", "--dist worksteal --faults=check --speed=ci")]
)
def test_how_much_runs(world, slipway, ran, option, how):
    assert slipway("test", option).exit_code == 0
    assert f"-m pytest -n 2 {how} --color=no" in ran.lines[0]


@pytest.mark.parametrize("words", [("--all", "--ci"), ("--ci", "tests/ops")])
def test_two_wishes_at_once(world, slipway, ran, words):
    done = slipway("test", *words)
    assert (done.exit_code, ran.lines) == (2, [])
    assert done.stderr == "slipway: test: wanted --all, --ci or arguments for pytest, found more than one of them\n"


def test_what_the_target_needs_is_installed_before_all_tests(world, slipway, ran, monkeypatch):
    asked = []
    monkeypatch.setattr("ops.stack.workplace.ensure", lambda read: asked.append(read()))
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
    listed = testing.needs(ROOT)
    assert {"postgresql", "mariadb-server", "pgbouncer"} <= {package for need in listed for package in need.packages}
    assert all(need.why != "tests: " for need in listed)


def test_a_broken_stack_does_not_keep_the_tests_from_running(world, slipway, ran, monkeypatch):
    def broken(call):
        raise UsageError("no such stack")

    monkeypatch.setattr("ops.stack.workplace.enter", broken)
    done = slipway("test")
    assert (done.exit_code, done.stderr) == (0, "slipway: no such stack\n")
    assert len(ran.lines) == 6


def test_arguments_go_to_pytest_alone(world, slipway, ran):
    assert slipway("test", "-s", "tests/ops", "-k", "up", "--help").exit_code == 0
    assert [line.partition(" ")[2] for line in ran.lines] == ["-m pytest -s tests/ops -k up --help"]


@pytest.mark.parametrize(("user", "wanted"), [(1000, "real hosts need root"), (0, "real hosts need mmdebstrap, systemd-nspawn, ip")])
def test_real_hosts_where_none_can_be(monkeypatch, user, wanted):
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr(possible, "is_here", lambda name: name == "nsenter")
    why = possible.why_not()
    assert wanted in why
    assert len(why.splitlines()) == 1


def test_real_hosts_where_namespaces_are_refused(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(possible, "is_here", lambda name: True)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", "unshare: no\n"))
    assert possible.why_not() == "real hosts need namespaces of their own, which this machine refuses: unshare: no"


def test_the_first_failure_decides_and_everything_runs(world, slipway, ran):
    ran.codes = {"mypy": 7, "pytest -n": 1}
    done = slipway("test")
    assert (done.exit_code, len(ran.lines)) == (7, 6)
    assert "mypy failed" in done.stdout
    assert done.stderr == "failed: mypy, pytest\n"


def test_a_file_that_cannot_be_collected_keeps_all_others_from_running(pytester):
    pytester.makeconftest((ROOT / "tests/conftest.py").read_text().replace("Path(__file__).parent)", f"{str(ROOT / 'tests')!r})"))
    pytester.makepyfile(test_broken="import nosuch", test_good="def test_good(): ...")
    done = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider")
    assert done.ret != 0
    assert done.parseoutcomes() == {"errors": 1}


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
    assert sorted(path.name for path in testing.shell_scripts(tmp_path)) == ["a", "c"]


def test_the_apps_tests_run_in_an_environment_of_their_own(tmp_path, monkeypatch):
    lines = []

    def run(words, **options):
        lines.append(" ".join(Path(word).name for word in map(str, words)))
        if "venv" in words:
            Path(words[-1]).mkdir(parents=True, exist_ok=True)
        return SimpleNamespace(returncode=0, stdout="")

    monkeypatch.setattr(subprocess, "run", run)
    assert testing.app_tests(tmp_path) == 0
    assert lines == []
    (tmp_path / "app" / "tests").mkdir(parents=True)
    (tmp_path / "app" / "requirements.txt").write_text("flask\n")
    assert testing.app_tests(tmp_path) == 0
    assert lines[-2].endswith("-r requirements.txt")
    assert lines[-1] == "python -m pytest -q"
    lines.clear()
    testing.app_tests(tmp_path)
    assert lines == ["python -m pytest -q"]
    (tmp_path / "app" / "requirements.txt").write_text("flask==3\n")
    testing.app_tests(tmp_path)
    assert lines[-2].endswith("-r requirements.txt")


def test_an_environment_that_cannot_be_made_is_told(tmp_path, monkeypatch, capfd):
    bad = SimpleNamespace(returncode=1, stdout="", stderr="no such thing")
    monkeypatch.setattr(subprocess, "run", lambda words, **options: bad)
    (tmp_path / "app" / "tests").mkdir(parents=True)
    assert testing.app_tests(tmp_path) == 3
    assert "no such thing" in capfd.readouterr().err
