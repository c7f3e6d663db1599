"""The front servers and databases of this machine, looked for when they are needed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FRONTS = {"nginx": "nginx", "apache": "apache2"}
_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


def program(name: str) -> str | None:
    """The program's path, wherever this machine has it."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), _SYSTEM]))


def fronts() -> dict[str, str]:
    """The front servers that are there, each with its program."""
    paths = {front: program(name) for front, name in FRONTS.items()}
    return {front: path for front, path in paths.items() if path}


def databases() -> dict[str, str]:
    """The folder of each database engine's programs, of those that are there."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    paths = {"postgres": str(newest[-1]) if newest else program("postgres"), "mysql": program("mariadbd")}
    return {engine: str(Path(path).parent) for engine, path in paths.items() if path}
