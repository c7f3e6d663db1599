"""Processes, known by pid and start time, so that a reused number is never mistaken."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, Optional

from .files import object_in, read_foreign, write_json
from .outcome import Refused

_PATIENCE = 150  # seconds: longer than any unit takes to stop


def started(pid: int) -> Optional[str]:
    """The start of a process, as `boot id/clock ticks`; None if it is gone or a zombie."""
    fields = _told(pid, "stat").rpartition(") ")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{fields[19]}" if fields and fields[0] not in "ZX" else None


def record(path: Path, pid: int) -> None:
    """Notes a running process, to be found by `recorded` later."""
    write_json(path, {"pid": pid, "started": started(pid)})


def recorded(path: Path) -> Optional[int]:
    """The pid noted there, if that very process still runs."""
    pid, start = _noted(path)
    return pid if pid and started(pid) == start else None


def left_over(path: Path) -> list[int]:
    """Pids that are left of the noted process: its own, and its group's, which outlives it. In
    a folder of another user the note counts for that user's processes alone."""
    leader, start = _noted(path)
    if not leader or started(leader) not in (None, start):
        return []  # the number belongs to another process now
    left = [pid for pid in _of_group(leader) if _not_before(started(pid), start)]
    whose = path.parent.stat().st_uid
    return left if whose == os.geteuid() else [pid for pid in left if owner(pid) == whose]


def _noted(path: Path) -> tuple[int, str]:
    """Pid and start as noted; 0 where nothing sound is."""
    noted = object_in(read_foreign(path))
    pid, start = noted.get("pid"), noted.get("started")
    sound = type(pid) is int and pid > 0 and isinstance(start, str) and re.fullmatch(r"[^/]+/[0-9]+", start)
    return (int(str(pid)), str(start)) if sound else (0, "")


def end(path: Path, patience: float = 10) -> list[int]:
    """Asks what is left of a noted process to finish (QUIT), then kills it; the pids asked."""
    asked = left_over(path)
    for pid in asked:
        _signal(pid, signal.SIGQUIT)
    deadline = time.monotonic() + patience
    while left_over(path) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left_over(path):
        _signal(pid, signal.SIGKILL)
    return asked


def run(*command: str) -> str:
    """The output of a program of the system. Raises `Refused` with its words."""
    try:
        done = ended(*command)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).splitlines()[-20:]
        raise Refused(f"{' '.join(command)}: exit {done.returncode}{': ' + words[0][:200] if words else ''}", log=words)
    return done.stdout


def ended(*command: str) -> subprocess.CompletedProcess[str]:
    """A program of the system once it has ended, well or not."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, timeout=_PATIENCE
    )  # fmt: skip


def become(command: list[str], environment: Optional[dict[str, str]] = None) -> NoReturn:
    """This process goes on as that command."""
    os.execve(command[0], command, dict(os.environ) if environment is None else environment)


def bound(command: list[str]) -> list[str]:
    """The command, made to end with this process by the kernel, where util-linux's setpriv is there
    to ask for it: else the next run would meet it at work in the same folder."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else command


def command_line(pid: int) -> str:
    """The process's words, each with a zero byte after it; empty if it is gone."""
    return _told(pid, "cmdline")


def memory(pid: int) -> int:
    """Bytes that the process and its children hold for themselves (proportional set size)."""
    lines = _told(pid, "smaps_rollup").splitlines()
    own = sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return own + sum(memory(int(child)) for child in _told(pid, f"task/{pid}/children").split())


def _of_group(leader: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):  # ended meanwhile
            if os.getpgid(int(path.name)) == leader:
                yield int(path.name)


def owner(pid: int) -> Optional[int]:
    """The user that a process runs as; None if it is gone."""
    found = re.search(r"^Uid:\s+(\d+)", _told(pid, "status"), re.MULTILINE)
    return int(found[1]) if found else None


def _not_before(start: Optional[str], other: str) -> bool:
    """Started in the same boot, and not earlier."""
    (boot, ticks), (other_boot, other_ticks) = (start or "/0").split("/"), other.split("/")
    return boot == other_boot and int(ticks) >= int(other_ticks)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # ended meanwhile
        os.kill(pid, number)


def _told(pid: int, what: str) -> str:
    """What the kernel tells of a process in that file; empty if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{what}").read_text(encoding="utf-8", errors="replace")
    return ""
