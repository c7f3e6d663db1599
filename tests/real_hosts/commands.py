"""Programs of this machine, run as root; their last words when they fail."""

import subprocess
from collections.abc import Sequence


class CommandFailed(AssertionError):
    """A program that was to succeed did not; the text says which, where and with what words."""


Done = subprocess.CompletedProcess[str]


def run(command: Sequence[str], *, text: str | bytes | None = None, check: bool = True, timeout: float = 300) -> Done:
    """Runs to the end with `text` as its input; output is text whatever its bytes are."""
    given = text.encode() if isinstance(text, str) else text or b""
    raw = subprocess.run(command, input=given, capture_output=True, timeout=timeout, check=False)
    done = Done(list(command), raw.returncode, raw.stdout.decode(errors="replace"), raw.stderr.decode(errors="replace"))
    if check and done.returncode:
        raise CommandFailed(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done
