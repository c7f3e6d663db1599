"""`python3 -m ops.bootstrap SET` makes .venv for ./slipway with requirements/SET.in, or repairs it.

It runs with the system's Python: the standard library alone is there yet. Virtual environments are
made by the running Python and filled by their own pip, with a line of words for each step."""

import fcntl
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

FOLDER = Path(__file__).resolve().parents[1]
VENV = FOLDER / ".venv"
PRIVATE = FOLDER / ".slipway"
UNFINISHED = PRIVATE / "environment.unfinished"
"""There while .venv is being changed: a kill leaves it behind, and the next run starts afresh."""

_USABLE = "import sys, pip; assert sys.version_info >= (3, 11) and sys.prefix != sys.base_prefix"
# Byte code is written as modules are imported: most of what is installed never is.
_QUIETLY = ("--quiet", "--disable-pip-version-check", "--no-compile", "--no-user")


class StepError(Exception):
    """A program that failed: its command and, in one line, its reason."""


Run = Callable[..., None]
"""Runs a program, given as its words, to its end; raises `StepError` where it fails."""


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


def say(text: str, end: str = "\n") -> None:
    """Writes to standard error: standard output belongs to the command."""
    print(text, end=end, file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Says in one line what is being done, then its seconds."""
    say(f"slipway: {text} … ", end="")
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say(f"{time.monotonic() - start:.1f} s")


@contextmanager
def locked(path: Path) -> Iterator[Run]:
    """Gives what runs programs. They hold the lock to their end, also if this process is killed."""
    with open(path, "a+") as lock:
        try:  # the system frees the lock with the last process that holds it: it can't go stale
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"slipway: waiting for process {lock.read().strip() or '?'}, which is making the environment")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        print(os.getpid(), file=lock, flush=True)
        yield lambda *command: _run(lock, [str(word) for word in command])


def _run(lock: IO[str], command: list[str]) -> None:
    keep, null = (lock.fileno(),), subprocess.DEVNULL
    try:
        done = subprocess.run(command, pass_fds=keep, stdin=null, capture_output=True, text=True, check=False)
    except OSError as error:
        raise StepError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        words = done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}"
        raise StepError(f"{' '.join(command[:4])} …: {_reason(words.splitlines())}")


def _reason(lines: list[str]) -> str:
    """pip's first error, and what kept it from its index; another program's last line."""
    errors = (line for line in lines if line.startswith("ERROR: ") and not line.endswith(":"))
    mark = "connection broken by "
    broken = [line.partition(mark)[2] for line in lines if mark in line]
    return "; ".join([next(errors, lines[-1]).removeprefix("ERROR: "), *broken[-1:]])


def _stamp_text(*files: Path) -> bytes:
    """What ./slipway compares: the Python behind .venv and these files, byte for byte."""
    interpreter = os.path.realpath(python(VENV)).encode()
    return interpreter + b"\n" + b"".join(file.read_bytes() for file in files)


def make(run: Run, wanted: str) -> None:
    """Brings .venv up to date; writes the stamp last, by rename. Raises `StepError`."""
    folder = FOLDER / "requirements"
    file, lock = folder / f"{wanted}.in", folder / "lock.txt"
    stamp = VENV / f"slipway-{wanted}.stamp"
    usable = not UNFINISHED.exists() and works(run, VENV)
    if usable and stamp.exists() and stamp.read_bytes() == _stamp_text(file, lock):
        return  # another run has just finished the work
    UNFINISHED.touch()
    if not usable:
        with step(f"making .venv with Python {sys.version.split()[0]}"):
            create(run, VENV)
    with step(f"installing requirements/{wanted}.in"):
        install(run, VENV, "-r", folder / "pip.txt")
        install(run, VENV, "-r", file, "-c", lock)
    part = stamp.with_suffix(".part")
    part.write_bytes(_stamp_text(file, lock))
    part.rename(stamp)
    UNFINISHED.unlink()


def main(wanted: str) -> int:
    """Gives the exit code: 3 where the environment could not be made."""
    try:
        PRIVATE.mkdir(exist_ok=True)  # open to others: an app may run in a folder below as another user
        with locked(PRIVATE / "environment.lock") as run:
            try:
                make(run, wanted)
            except StepError:  # an orderly failure cuts nothing short, so what there is can be kept
                UNFINISHED.unlink(missing_ok=True)
                raise
    except KeyboardInterrupt:
        say("slipway: interrupted; the next run makes .venv afresh")
        return 130
    except (StepError, OSError) as error:
        say(f"slipway: the Python environment could not be made: {error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
