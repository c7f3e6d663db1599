"""Commands of `python -m ops` in forks of one interpreter, which has imported all that isn't Slipway's own:
a process each, without the seconds that a start takes, and without a network where that can be had."""

import gc
import importlib
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

_SECONDS = 120


class Interpreter:
    """Starts with the first command; `end` ends it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-interpreter-"))
        command = [*alone(), sys.executable, __file__, str(self._folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, *words: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """`./slipway WORDS` there, with nothing else in the environment."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps({"words": words, "folder": str(folder), "environment": dict(environment)}), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        out, error = ((self._folder / name).read_text() for name in ("out", "error"))
        return subprocess.CompletedProcess(words, code, out, error)

    def end(self) -> None:
        self._process.communicate()
        shutil.rmtree(self._folder)


@cache
def alone() -> tuple[str, ...]:
    """What keeps a command from the network."""
    command = ("unshare", "--net")
    can = shutil.which(command[0]) and not subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    return command if can else ()


@cache
def shared() -> Interpreter:
    """The one of this process."""
    return Interpreter()


def end() -> None:
    """Ends the shared one, where there is one."""
    if shared.cache_info().currsize:
        shared().end()
        shared.cache_clear()


def _serve(place: Path) -> None:
    """A line for each command; answered with its exit code."""
    sys.pycache_prefix = str(place / "compiled")
    (place / "imported").touch()  # the first command may be another program by its end, or be killed
    for line in sys.stdin:
        gc.collect()
        gc.freeze()  # else a child that looks for what nobody needs copies all pages
        child = os.fork()
        if child == 0:
            _become(place, **json.loads(line))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, flush=True)
        for name in (place / "imported").read_text().split():
            importlib.import_module(name)


def _become(place: Path, words: list[str], folder: str, environment: dict[str, str]) -> NoReturn:
    """The command; its last act is to tell which modules of others it wanted."""
    signal.alarm(_SECONDS)
    for number, name in enumerate((os.devnull, str(place / "out"), str(place / "error"))):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = False
    sys.argv[1:], sys.path[0] = words, folder
    code: object = 0
    try:
        runpy.run_module("ops", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001  as an interpreter ends
        traceback.print_exc()
        code = 1
    theirs = [name for name, one in list(sys.modules.items()) if "/lib/python" in str(getattr(one, "__file__", ""))]
    (place / "imported").write_text("\n".join(theirs))
    sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 1)  # to take down what was imported would cost more than most commands


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
