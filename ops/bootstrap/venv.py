"""Virtual environments: made by the running Python, filled by their own pip."""

import importlib.util
import os
import sys
from pathlib import Path

from ops.bootstrap.process import Run, StepError, step

_USABLE = "import sys, pip; assert sys.version_info >= (3, 11) and sys.prefix != sys.base_prefix"
# Byte code is written as modules are imported: most of what is installed never is.
_QUIETLY = ("--quiet", "--disable-pip-version-check", "--no-compile", "--no-user")


def python(venv: Path) -> Path:
    """The environment's own Python."""
    return venv / "bin" / "python"


def works(run: Run, venv: Path) -> bool:
    """Whether it holds a Python that starts, is new enough and has pip."""
    try:
        run(python(venv), "-c", _USABLE)
    except StepError:
        return False
    return True


def create(run: Run, venv: Path) -> None:
    """Makes it, with pip, in place of whatever is there; a link goes, and not what it leads to."""
    if not importlib.util.find_spec("ensurepip"):
        _install_ensurepip(run)
    if venv.is_symlink():
        venv.unlink()
    run(sys.executable, "-m", "venv", "--clear", venv)


def install(run: Run, venv: Path, *words: str | Path) -> None:
    """Runs its `pip install`, which reads the user's own settings: index, proxy, certificates."""
    run(python(venv), "-m", "pip", "install", *_QUIETLY, *words)


def _install_ensurepip(run: Run) -> None:
    """Installs Debian's package of it, as root or by sudo, or tells the command."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    become = () if os.geteuid() == 0 else ("sudo", "-n")
    command = (*become, "apt-get", "install", "-y", "--no-install-recommends", package)
    try:
        with step(f"installing the Debian package {package}"):
            try:
                run(*command)
            except StepError:  # fetching the lists takes longer, so it comes second
                run(*become, "apt-get", "update")
                run(*command)
    except StepError as error:
        how = f"sudo apt-get install -y {package}"
        raise StepError(f"Python's ensurepip is missing; install it with: {how}") from error
