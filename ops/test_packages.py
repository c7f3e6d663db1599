"""tests/packages.txt: the Debian packages whose programs the tests run for real."""

import glob
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.target import Need

_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))  # not on everybody's PATH


def needs(folder: Path) -> "list[Need]":
    """One for each line; none is required, because a test without its program is skipped. No file, no needs."""
    file = folder / "tests/packages.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [_need(line) for line in lines if line.strip() and not line.startswith("#")]


def _need(line: str) -> "Need":
    from components.target import Need

    words, _, why = line.partition("#")
    package, program = words.split()
    return Need(Path(program).name, f"tests: {why.strip()}", (package,), _is_here(program), required=False)


def _is_here(program: str) -> bool:
    if program.startswith("/"):
        return bool(glob.glob(program))
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), _SYSTEM))) is not None
