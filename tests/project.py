"""A copy of the project in a folder that other users may read, run by its own command line."""

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
_PARTS = ("__main__.py", "Pulumi.yaml", "components", "cloud_init", "ops", "policy", "requirements")


class Project:
    """One project folder with one app, and a HOME of its own. `remove()` removes the folder, not what was launched."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="slipway-"))
        self.folder.chmod(0o755)
        self.interpreter = sys.executable
        for name in _PARTS:
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "home").mkdir()
        self.app = self.folder / "app"
        self.tree = self.folder / ".slipway/dev"
        own = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
        self.environment = {**own, "HOME": str(self.folder / "home"), "NO_COLOR": "1", "COLUMNS": "160"}

    def write_files(self, files: dict[str, str]) -> None:
        """The app is these files and no others."""
        shutil.rmtree(self.app, ignore_errors=True)
        self.app.mkdir()
        for name, text in files.items():
            (self.app / name).write_text(text)

    def take_example(self, requirements: str) -> None:
        """The example app, with some more requirements."""
        shutil.rmtree(self.app, ignore_errors=True)
        shutil.copytree(ROOT / "app", self.app, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", "instance", ".venv"))
        with (self.app / "requirements.txt").open("a") as file:
            file.write(requirements)

    def write_config(self, config: dict[str, Any]) -> None:
        """The stack's settings, without `slipway:` before them."""
        values = {f"slipway:{name}": value for name, value in config.items()}
        (self.folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": values}))

    def edit(self, old: str, new: str, name: str = "wsgi.py") -> None:
        """Changes a file of the app."""
        text = (self.app / name).read_text()
        assert old in text
        (self.app / name).write_text(text.replace(old, new))

    def run(self, *arguments: str, timeout: float = 300, before: Sequence[str] = (), **options: Any) -> subprocess.CompletedProcess[str]:
        """A command of the command line. `before`: words that run it, such as in another network."""
        command = [*before, self.interpreter, "-m", "ops", *arguments]
        given: dict[str, Any] = {"env": self.environment, **options}
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False, **given)

    def up(self, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Launches it, or the next release."""
        done = self.run("up", "--yes", timeout=timeout)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def checkout(self) -> Self:
        """Another person's folder of the same project and stack, as it is now, the state with it."""
        other = copy.copy(self)
        other.folder = Path(tempfile.mkdtemp(prefix="slipway-"))
        other.folder.chmod(0o755)
        shutil.copytree(self.folder, other.folder, symlinks=True, dirs_exist_ok=True)
        other.app, other.tree = other.folder / "app", other.folder / ".slipway/dev"
        other.environment = {**self.environment, "HOME": str(other.folder / "home")}
        return other

    def remove(self) -> None:
        """The folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
