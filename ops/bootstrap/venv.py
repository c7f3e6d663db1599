"""Making a virtual environment and installing into it: with uv where it can be had, with pip otherwise."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from ops.bootstrap import pip_settings
from ops.bootstrap.process import Run, StepError, step

_USABLE = "import sys, encodings; assert sys.version_info >= (3, 11) and sys.prefix != sys.base_prefix"
_PIP_INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def python(venv: Path) -> Path:
    """The environment's own Python."""
    return venv / "bin" / "python"


def works(run: Run, venv: Path) -> bool:
    """Whether it holds a Python that starts, is new enough and finds its own library."""
    return _runs(run, python(venv), "-I", "-c", _USABLE)


def system_uv(run: Run) -> str | None:
    """The uv on PATH, if it runs: it may be a version manager's shim."""
    found = shutil.which("uv")
    return found if found and _runs(run, found, "--version") else None


def create(run: Run, venv: Path, uv: str | None) -> None:
    """With pip in it, because `pulumi install` uses that."""
    if uv and _runs(run, uv, "venv", "--seed", "--clear", "--python", sys.executable, venv, env=pip_settings.for_uv()):
        return
    run(sys.executable, "-m", "venv", "--clear", venv)


def install(run: Run, venv: Path, uv: str | None, files: list[Path]) -> None:
    """Installs these requirements files; where uv fails pip decides, and has the last word about why."""
    words = [word for file in files for word in ("-r", str(file))]
    if not (pip_settings.suit_uv() and _uv_installs(run, venv, uv or _own_uv(run, venv, files[0]), words)):
        _ensure_pip(run, venv)
        run(python(venv), *_PIP_INSTALL, *words)


def _uv_installs(run: Run, venv: Path, uv: str | None, words: list[str]) -> bool:
    command = ("pip", "install", "--quiet", "--compile-bytecode", "--python", python(venv))
    return bool(uv) and _runs(run, str(uv), *command, *words, env=pip_settings.for_uv())


def _own_uv(run: Run, venv: Path, base: Path) -> str | None:
    """The uv that base.txt pins, in the environment itself; None where there is none for this machine."""
    uv = venv / "bin" / "uv"
    if not uv.exists():
        _ensure_pip(run, venv)
        pins = [line.split("#")[0].strip() for line in base.read_text().splitlines() if line.startswith("uv==")]
        if not pins or not _runs(run, python(venv), *_PIP_INSTALL, *pins):
            return None
    return str(uv)


def _ensure_pip(run: Run, venv: Path) -> None:
    """An environment that somebody made with uv may have none."""
    if not _runs(run, python(venv), "-m", "pip", "--version"):
        run(python(venv), "-m", "ensurepip")


def ensure_ensurepip(run: Run) -> None:
    """Debian keeps it in a package of its own: installs it as root or by sudo, or tells the command."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    try:
        with step(f"installing the Debian package {package}"):
            _apt_install(run, package)
    except StepError as error:
        raise StepError(f"  Python's ensurepip is missing; install it with: sudo apt-get install -y {package}") from error


def _apt_install(run: Run, package: str) -> None:
    """Tries before it fetches the package lists, which takes longer."""
    become = () if os.geteuid() == 0 else ("sudo", "-n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = (*become, "apt-get", "install", "-y", "--no-install-recommends", package)
    try:
        run(*command, env=environment)
    except StepError:
        run(*become, "apt-get", "update", env=environment)
        run(*command, env=environment)


def _runs(run: Run, *command: str | Path, env: dict[str, str] | None = None) -> bool:
    try:
        run(*command, env=env)
    except StepError:
        return False
    return True
