"""./slipway: makes the environment once, repairs what a kill left, stays out of the way afterwards."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.cost
# On PYTHONPATH: an environment without pip, and a pip that installs nothing; both write down what they are asked.
QUICK = {
    "venv": """
import os, sys
print("venv", file=open(os.environ["LOG"], "a"))
own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
os.execve(sys.executable, [sys.executable, "-m", "venv", "--without-pip", *sys.argv[1:]], own)
""",
    "pip": """
import os, sys, time
if __name__ == "__main__":
    print(*sys.argv[1:], file=open(os.environ["LOG"], "a"))
    time.sleep(float(os.environ.get("SLOW", "0")))
""",
}
LOCAL = "pip.txt local.in lock.txt"
ECHO = "import os, sys\nprint(sys.argv[1:], os.environ['SLIPWAY_CWD'], os.getcwd(), sep='|')\n"


def copy(folder: Path) -> Path:
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for name in ("ops", "cloud_init", "components", "policy"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("slipway", "pyproject.toml", "Pulumi.yaml"):
        shutil.copy2(ROOT / name, folder / name)
    (folder / "Pulumi.dev.yaml").write_text("config:\n  slipway:target: local\n")
    return folder


class Launcher:
    """A copy of the project whose venv and pip are quick and whose command line only says how it was called."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = copy(folder)
        (folder / "ops" / "__main__.py").write_text(ECHO)
        bin_folder.mkdir()
        self.bin = bin_folder
        for name, text in QUICK.items():
            (bin_folder / f"{name}.py").write_text(text)
        self.log = bin_folder / "log"
        real = os.path.realpath(sys.executable)
        path = f"{bin_folder}:{Path(real).parent}:/usr/bin:/bin"
        self.env = {"PATH": path, "LOG": str(self.log), "PYTHONPATH": str(bin_folder), "HOME": str(bin_folder)}

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

    def did(self) -> str:
        """What was made and installed since the last call."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        words = [Path(word).name for line in lines for word in line.split() if word.endswith((".txt", ".in")) or word == "venv"]
        return " ".join(words)


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
    env = {"PATH": os.environ["PATH"], "PIP_USER": "1", **passed_on}
    first = subprocess.run([folder / "slipway", "version"], env=env, cwd="/", capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("slipway ")
    said = [line.split(" … ")[0] for line in first.stderr.splitlines()]
    assert said[0].startswith("slipway: making .venv with Python 3.")
    assert said[1:] == ["slipway: installing requirements/local.in"]
    assert (folder / ".venv" / "bin" / "supervisord").exists()
    again = subprocess.run([folder / "slipway", "version"], env=env, capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (0, "")
    with (folder / "requirements" / "local.in").open("a") as file:
        file.write("six==1.17.0\n")
    lock = folder / "requirements" / "lock.txt"
    lock.write_text(
        re.sub(
            r"(^six==1.17.0.*\n    --hash=sha256:)\w{8}(.*\n    --hash=sha256:)\w{8}",
            r"\g<1>00000000\g<2>00000000",
            lock.read_text(),
            flags=re.M,
        )
    )
    forged = subprocess.run([folder / "slipway", "version"], env=env, capture_output=True, text=True)
    assert (forged.returncode, forged.stdout) == (3, "")
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in forged.stderr


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
    assert launcher.did() == f"venv {LOCAL}"
    assert (launcher.folder / ".slipway").stat().st_mode & 0o055 == 0o055  # the app may run as another user
    (launcher.folder / "ops" / "bootstrap.py").unlink()  # not even asked
    before = os.times()
    code, out, err = launcher.run("status")
    assert (code, err, launcher.did()) == (0, "", "")
    assert out.startswith("['status']")
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1


def test_changed_requirements_are_installed_into_the_same_environment(launcher):
    launcher.run("status")
    (launcher.folder / ".venv" / "mark").touch()
    with (launcher.folder / "requirements" / "local.in").open("a") as file:
        file.write("# changed\n")
    launcher.did()
    code, _, err = launcher.run("status")
    assert (code, launcher.did()) == (0, LOCAL)
    assert err.startswith("slipway: installing requirements/local.in … ")
    assert (launcher.folder / ".venv" / "mark").exists()


@pytest.mark.parametrize(
    ("words", "variables", "file"),
    [
        (["-s", "prod", "up"], {}, "other.in"),
        (["up", "--stack", "prod"], {}, "other.in"),
        (["up", "--stack=me/it/prod"], {}, "other.in"),
        (["-sprod", "up"], {}, "other.in"),
        (["up"], {"SLIPWAY_STACK": "prod"}, "other.in"),
        (["up"], {}, "local.in"),
        (["test", "-s", "prod"], {}, "test.in"),
        (["-s", "none", "up"], {}, "base.in"),
        (["-s", "bare", "up"], {}, "base.in"),
    ],
)
def test_each_stack_gets_its_targets_requirements(launcher, words, variables, file):
    (launcher.folder / "requirements" / "other.in").touch()
    (launcher.folder / "Pulumi.prod.yaml").write_text("config:\n  \"slipway:target\": 'other'  # there\n")
    (launcher.folder / "Pulumi.bare.yaml").write_text("config:\n  slipway:target: unheard-of\n")
    assert launcher.run(*words, **variables)[0] == 0
    assert launcher.did() == f"venv pip.txt {file} lock.txt"


@pytest.mark.parametrize("value", ["other", "{value: other}", "{type: string, default: other}", "\n    value: other"])
def test_a_target_that_the_project_names_for_all_stacks_counts_where_the_stack_names_none(launcher, value):
    (launcher.folder / "requirements" / "other.in").touch()
    (launcher.folder / "Pulumi.yaml").write_text(f"name: shop\nconfig:\n  slipway:target: {value}\n  slipway:front: nginx\n")
    (launcher.folder / "Pulumi.bare.yaml").write_text("config: {}\n")
    assert [launcher.run("-s", stack, "up")[0] for stack in ("dev", "bare")] == [0, 0]
    assert launcher.did() == f"venv {LOCAL} pip.txt other.in lock.txt"


def test_an_environment_whose_python_is_gone_is_made_again(launcher):
    launcher.run("status")
    launcher.did()
    (launcher.folder / ".venv" / "bin" / "python").unlink()
    (launcher.folder / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")
    assert launcher.run("status")[0] == 0
    assert launcher.did() == f"venv {LOCAL}"


def test_an_environment_that_pulumi_made_is_used(launcher):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", launcher.folder / ".venv"], check=True)
    assert launcher.run("status")[0] == 0
    assert launcher.did() == LOCAL


@pytest.mark.parametrize("how", ["all", "shell", "bootstrap"])
def test_a_kill_in_the_middle_is_repaired(launcher, how):
    running = launcher.start("status", SLOW="2")
    wait_until(lambda: launcher.log.exists() and "pip.txt" in launcher.log.read_text())
    bootstrap = int((launcher.folder / ".slipway" / "environment.lock").read_text())
    if how == "all":
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        launcher.did()
        code, _, err = launcher.run("status")
        assert (code, launcher.did()) == (0, f"venv {LOCAL}")
        assert "making .venv" in err
    elif how == "bootstrap":
        os.kill(bootstrap, signal.SIGKILL)  # its pip goes on, and holds the lock until it ends
        code, _, err = launcher.run("status")
        assert (code, launcher.did()) == (0, f"venv pip.txt venv {LOCAL}")
        assert f"waiting for process {bootstrap}" in err
    else:
        running.kill()  # the shell alone: the rest goes on, and the next run waits for it
        code, _, err = launcher.run("status")
        assert (code, launcher.did()) == (0, f"venv {LOCAL}")
        assert "waiting for process" in err
    assert launcher.run("status")[2] == ""


def test_of_two_at_once_one_waits(launcher):
    runs = [launcher.start("status", SLOW="0.5") for _ in range(2)]
    errors = [running.communicate(timeout=60)[1] for running in runs]
    assert [running.returncode for running in runs] == [0, 0]
    assert launcher.did() == f"venv {LOCAL}"
    assert sum("waiting for process" in err for err in errors) == 1


def test_a_failed_installation_is_told_in_a_line_and_keeps_the_environment(launcher):
    """With the real pip, which reads its user's settings: first an index that doesn't answer, then a folder."""
    del launcher.env["PYTHONPATH"]
    for file in (launcher.folder / "requirements").iterdir():
        file.write_text("")
    assert launcher.run("status")[0] == 0
    (launcher.folder / ".venv" / "mark").touch()
    (launcher.folder / "requirements" / "local.in").write_text("no-such-package-here==1\n")
    settings = launcher.bin / ".config/pip/pip.conf"
    settings.parent.mkdir(parents=True)
    settings.write_text("[global]\nindex-url = http://127.0.0.1:9/simple\nretries = 1\n")
    code, out, err = launcher.run("status")
    assert (code, out) == (3, "")
    installing, failure = err.splitlines()
    assert installing.endswith(" … failed")
    assert failure.startswith("slipway: the Python environment could not be made: ")
    assert "no-such-package-here==1" in failure
    assert "Connection refused" in failure
    wheel(launcher.bin, "no_such_package_here")
    settings.write_text(f"[global]\nno-index = true\nfind-links = {launcher.bin}\n")
    assert launcher.run("status")[0] == 0
    assert list((launcher.folder / ".venv").glob("lib/*/site-packages/no_such_package_here-1.dist-info"))
    assert (launcher.folder / ".venv" / "mark").exists()


def wheel(folder: Path, name: str) -> None:
    """The smallest wheel that pip takes."""
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{name}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.dist-info/RECORD", "")


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
    done = subprocess.run([shellcheck, "slipway", "ops/stack/install-packages.sh", ".ci/run"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == ""


def wait_until(true) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("waited in vain")
