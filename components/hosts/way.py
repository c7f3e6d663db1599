"""Ways to a machine: its commands are run as programs of this one, as `ssh` or `docker exec`."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

QUICK = 5.0  # seconds that a machine may be away outside a rollout


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: bytes
    err: str

    @property
    def last(self) -> str:
        """The last words of its errors, or of what it said."""
        said = self.err.strip() or self.out.decode(errors="replace").strip()
        return (said.splitlines() or [f"exit status {self.status}"])[-1]


@dataclass
class Pipe:
    """A command that is asked and answers. `ended`: its errors, once it ended."""

    asked: IO[bytes]
    answers: IO[bytes]
    ended: Callable[[], str]

    def send(self, data: bytes) -> None:
        with suppress(OSError, ValueError):  # it ended, or was closed: the missing answer is told of
            self.asked.write(data)
            self.asked.flush()

    def close(self) -> None:
        with suppress(OSError):
            self.asked.close()
        self.answers.close()


class Way:
    """The way to this machine. One to another is held open by a program that ends with this one,
    and a command opens it. Any thread may use it. Raises `Lost` where a machine can't be reached,
    or how a command ended isn't known."""

    is_here = True

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._holds: subprocess.Popen[bytes] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it was opened, and nobody noticed that it broke."""
        return self._holds is not None and self._holds.poll() is None

    def open(self, patience: float = QUICK, say: Callable[[str], None] = lambda text: None) -> None:
        """Opens it; tried again for so many seconds where that may help, which `say` hears."""
        with self._lock:
            if not self.is_open:
                self._holds = self._opened(patience, say)

    def _opened(self, patience: float, say: Callable[[str], None]) -> subprocess.Popen[bytes]:
        """The program that holds it open."""
        raise NotImplementedError

    def command(self, words: Sequence[str], root: bool = True, terminal: bool = False) -> list[str]:
        """The program of this machine that runs `words` there."""
        return list(words)

    def ended(self, what: str, done: Done) -> Done:
        """Raises `Lost` where the command `what` may have ended otherwise than `done` says."""
        return done

    def run(self, words: Sequence[str], data: bytes | IO[bytes] = b"", root: bool = False, out: int | IO[bytes] = subprocess.PIPE) -> Done:
        """Runs a command to its end; root's, if it is to be. `data`: its input; `out`: where its
        output goes to."""
        process = self._started(words, root, stdin=subprocess.PIPE if isinstance(data, bytes) else data, stdout=out)
        said, errors = process.communicate(data if isinstance(data, bytes) else None)
        return self.ended(words[0], Done(process.returncode, said or b"", errors.decode(errors="replace")))

    def lines(self, words: Sequence[str], ended: Callable[[Done], None] | None = None) -> Iterator[str]:
        """The lines of a command as they come; then `ended` hears how it ended. A command that
        nobody wants to hear that of is ended once nobody reads on."""
        with tempfile.TemporaryFile() as errors:  # of any length, read when all lines are
            process = self._started(words, stderr=errors)
            try:
                for line in process.stdout or ():
                    yield line.decode(errors="replace").rstrip("\n")
                status = process.wait()
            finally:
                if ended is None:
                    process.terminate()
            errors.seek(0)
            done = self.ended(words[-1], Done(status, b"", errors.read().decode(errors="replace")))
        if ended:
            ended(done)

    def pipe(self, words: Sequence[str]) -> Pipe:
        """A command that is asked and answers."""
        process = self._started(words, stdin=subprocess.PIPE)
        assert process.stdin
        assert process.stdout
        return Pipe(process.stdin, process.stdout, lambda: process.communicate()[1].decode(errors="replace"))

    def attach(self, words: Sequence[str]) -> int:
        """A command with this terminal's own input and output; its exit status."""
        done = subprocess.run(self.command(words, terminal=sys.stdin.isatty() and sys.stdout.isatty()), check=False)
        return self.ended(words[-1], Done(done.returncode, b"", "")).status

    def _started(self, words: Sequence[str], root: bool = True, **streams: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Apart from this terminal where it is for another machine: Ctrl-C is told to this program,
        which then may have things to put right there."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.Popen(self.command(words, root), start_new_session=not self.is_here, **streams)  # type: ignore[call-overload,no-any-return]
