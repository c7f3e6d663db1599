"""./slipway: makes the environment once, repairs what a kill left, stays out of the way afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.cost
FAKE_UV = """#!/bin/sh
# Makes environments without pip and installs nothing, but writes down what it is asked.
case $1 in
    venv) for last in "$@"; do :; done; echo venv >>"$LOG"; exec "$REAL" -m venv --without-pip "$last" ;;
    pip) echo "$@" >>"$LOG"; sleep "${SLOW:-0}" ;;
esac
"""
ECHO = "import os, sys\nprint(sys.argv[1:], os.environ['SLIPWAY_CWD'], os.getcwd(), sep='|')\n"


def copy(folder: Path) -> Path:
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copytree(ROOT / "ops", folder / "ops", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("slipway", "pyproject.toml", "Pulumi.yaml"):
        shutil.copy2(ROOT / name, folder / name)
    (folder / "Pulumi.dev.yaml").write_text("config:\n  slipway:target: local\n")
    return folder


class Launcher:
    """A copy of the project whose uv is quick and whose command line only says how it was called."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = copy(folder)
        (folder / "ops" / "__main__.py").write_text(ECHO)
        bin_folder.mkdir()
        self.bin = bin_folder
        self.program("uv", FAKE_UV)
        self.log = bin_folder / "log"
        real = os.path.realpath(sys.executable)
        path = f"{bin_folder}:{Path(real).parent}:/usr/bin:/bin"
        self.env = {"PATH": path, "LOG": str(self.log), "REAL": real, "HOME": str(bin_folder)}

    def program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def start(self, *words: str, **env: str) -> "subprocess.Popen[str]":
        command = [str(self.folder / "slipway"), *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env={**self.env, **env}, cwd="/", stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def run(self, *words: str, **env: str) -> tuple[int, str, str]:
        running = self.start(*words, **env)
        out, err = running.communicate(timeout=60)
        return running.returncode, out, err

    def did(self) -> list[str]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [" ".join(Path(word).name for word in line.split() if word.endswith(".txt") or word == "venv") for line in lines]


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    (tmp_path / "a project").mkdir()
    return Launcher(tmp_path / "a project", tmp_path / "bin")


@pytest.mark.family("environments of the launcher")
def test_a_new_machine_with_an_empty_home_and_a_path_with_spaces(tmp_path):
    folder = tmp_path / "my project"
    folder.mkdir()
    copy(folder)
    passed_on = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    env = {"PATH": os.environ["PATH"], **passed_on}
    first = subprocess.run([folder / "slipway", "version"], env=env, cwd="/", capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("slipway ")
    said = [line.split(" … ")[0] for line in first.stderr.splitlines()]
    assert said[0].startswith("slipway: making .venv with Python 3.")
    assert said[1:] == ["slipway: installing requirements/local.txt"]
    assert (folder / ".venv" / "bin" / "supervisord").exists()
    again = subprocess.run([folder / "slipway", "version"], env=env, capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (0, "")


def test_arguments_and_the_users_folder_arrive_through_links(launcher, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "one").symlink_to("../a project/slipway")
    (tmp_path / "links" / "two").symlink_to("one")
    command = [tmp_path / "links" / "two", "init", "../my app", "-x"]
    done = subprocess.run(command, env=launcher.env, cwd=tmp_path / "bin", capture_output=True, text=True)
    words, cwd, folder = done.stdout.strip().split("|")
    assert words == "['init', '../my app', '-x']"
    assert (cwd, folder) == (str(tmp_path / "bin"), str(launcher.folder))


def test_a_fresh_environment_is_left_alone(launcher):
    assert launcher.run("status")[0] == 0
    assert launcher.did() == ["venv", "base.txt local.txt"]
    assert (launcher.folder / ".slipway").stat().st_mode & 0o055 == 0o055  # the app may run as another user
    shutil.rmtree(launcher.folder / "ops" / "bootstrap")  # not even asked
    before = os.times()
    code, out, err = launcher.run("status")
    assert (code, err, launcher.did()) == (0, "", [])
    assert out.startswith("['status']")
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1


def test_changed_requirements_are_installed_into_the_same_environment(launcher):
    launcher.run("status")
    (launcher.folder / ".venv" / "mark").touch()
    with (launcher.folder / "requirements" / "local.txt").open("a") as file:
        file.write("# changed\n")
    launcher.did()
    code, _, err = launcher.run("status")
    assert (code, launcher.did()) == (0, ["base.txt local.txt"])
    assert err.startswith("slipway: installing requirements/local.txt … ")
    assert (launcher.folder / ".venv" / "mark").exists()


@pytest.mark.parametrize(
    ("words", "variables", "files"),
    [
        (["-s", "prod", "up"], {}, "base.txt other.txt"),
        (["up", "--stack", "prod"], {}, "base.txt other.txt"),
        (["up", "--stack=me/it/prod"], {}, "base.txt other.txt"),
        (["-sprod", "up"], {}, "base.txt other.txt"),
        (["up"], {"SLIPWAY_STACK": "prod"}, "base.txt other.txt"),
        (["up"], {}, "base.txt local.txt"),
        (["test", "-s", "prod"], {}, "base.txt test.txt"),
        (["-s", "none", "up"], {}, "base.txt"),
        (["-s", "bare", "up"], {}, "base.txt"),
    ],
)
def test_each_stack_gets_its_targets_requirements(launcher, words, variables, files):
    (launcher.folder / "requirements" / "other.txt").touch()
    (launcher.folder / "Pulumi.prod.yaml").write_text("config:\n  \"slipway:target\": 'other'  # there\n")
    (launcher.folder / "Pulumi.bare.yaml").write_text("config:\n  slipway:target: unheard-of\n")
    assert launcher.run(*words, **variables)[0] == 0
    assert launcher.did() == ["venv", files]


@pytest.mark.parametrize("value", ["other", "{value: other}", "{type: string, default: other}", "\n    value: other"])
def test_a_target_that_the_project_names_for_all_stacks_counts_where_the_stack_names_none(launcher, value):
    (launcher.folder / "requirements" / "other.txt").touch()
    (launcher.folder / "Pulumi.yaml").write_text(f"name: shop\nconfig:\n  slipway:target: {value}\n  slipway:front: nginx\n")
    (launcher.folder / "Pulumi.bare.yaml").write_text("config: {}\n")
    assert [launcher.run("-s", stack, "up")[0] for stack in ("dev", "bare")] == [0, 0]
    assert launcher.did() == ["venv", "base.txt local.txt", "base.txt other.txt"]


def test_an_environment_whose_python_is_gone_is_made_again(launcher):
    launcher.run("status")
    launcher.did()
    (launcher.folder / ".venv" / "bin" / "python").unlink()
    (launcher.folder / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")
    assert launcher.run("status")[0] == 0
    assert launcher.did() == ["venv", "base.txt local.txt"]


def test_an_environment_that_pulumi_made_is_used(launcher):
    subprocess.run([launcher.env["REAL"], "-m", "venv", "--without-pip", launcher.folder / ".venv"], check=True)
    assert launcher.run("status")[0] == 0
    assert launcher.did() == ["base.txt local.txt"]


@pytest.mark.parametrize("how", ["all", "shell", "bootstrap"])
def test_a_kill_in_the_middle_is_repaired(launcher, how):
    running = launcher.start("status", SLOW="2")
    wait_until(lambda: launcher.log.exists() and "pip" in launcher.log.read_text())
    bootstrap = int((launcher.folder / ".slipway" / "environment.lock").read_text())
    if how == "all":
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        launcher.did()
        code, _, err = launcher.run("status")
        assert (code, launcher.did()) == (0, ["venv", "base.txt local.txt"])
        assert "making .venv" in err
    elif how == "bootstrap":
        os.kill(bootstrap, signal.SIGKILL)  # its uv goes on, and holds the lock until it ends
        code, _, err = launcher.run("status")
        assert (code, launcher.did()) == (0, ["venv", "base.txt local.txt"] * 2)
        assert f"waiting for process {bootstrap}" in err
    else:
        running.kill()  # the shell alone: the rest goes on, and the next run waits for it
        code, _, err = launcher.run("status")
        assert (code, launcher.did()) == (0, ["venv", "base.txt local.txt"])
        assert "waiting for process" in err
    assert launcher.run("status")[2] == ""
    assert not list((launcher.folder / ".slipway").glob("discarded-*"))


def test_of_two_at_once_one_waits(launcher):
    runs = [launcher.start("status", SLOW="0.5") for _ in range(2)]
    errors = [running.communicate(timeout=60)[1] for running in runs]
    assert [running.returncode for running in runs] == [0, 0]
    assert launcher.did() == ["venv", "base.txt local.txt"]
    assert sum("waiting for process" in err for err in errors) == 1


def test_a_failed_installation_says_why_and_keeps_the_environment(launcher):
    launcher.run("status")
    (launcher.folder / ".venv" / "mark").touch()
    (launcher.folder / "requirements" / "base.txt").write_text("no-such-package-here==1\n")
    code, out, err = launcher.run("status", PIP_NO_INDEX="1")
    assert (code, out) == (3, "")
    assert "the Python environment could not be made" in err
    assert "no-such-package-here" in err
    assert (launcher.folder / ".venv" / "mark").exists()
    (launcher.folder / "requirements" / "base.txt").write_text("")
    launcher.did()
    assert launcher.run("status")[0] == 0
    assert launcher.did() == ["base.txt local.txt"]


def test_a_shim_that_fails_is_passed_over(launcher):
    launcher.program("python3", "#!/bin/sh\nexit 127\n")
    launcher.program("python3.14", "#!/bin/sh\nexit 127\n")
    assert launcher.run("status")[0] == 0


def test_without_a_python_the_command_is_told(launcher, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "readlink", "sed", "cat", "cmp"):
        (tools / name).symlink_to(str(shutil.which(name)))
    code, out, err = launcher.run("status", PATH=str(tools))
    assert (code, out) == (3, "")
    assert "apt-get install python3" in err
    assert err.count("\n") == 1


def test_the_scripts_are_clean():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, "slipway", "ops/setup/install-packages.sh", ".ci/run"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == ""


def wait_until(true) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")
