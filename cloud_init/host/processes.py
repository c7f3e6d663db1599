"""Processes of this host, known by pid and start time, so that a number used again is never mistaken."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from .files import read_json, write_json


def started(pid: int) -> str | None:
    """When the process started, as `boot id/clock ticks since boot`; None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def record(path: Path, pid: int) -> None:
    """Notes a running process, to be found by `recorded` later."""
    write_json(path, {"pid": pid, "started": started(pid)})


def recorded(path: Path) -> int | None:
    """The pid noted there, if that very process still runs."""
    noted = read_json(path)
    if not isinstance(noted, dict):
        return None
    pid = int(noted.get("pid", 0))
    return pid if pid > 0 and noted.get("started") and started(pid) == noted["started"] else None


def end(pid: int, patience: float = 10) -> None:
    """Asks the process's group to stop, waits, then kills what is left of it."""
    since = started(pid)
    _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while started(pid) == since and since is not None:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    _signal(pid, signal.SIGKILL)


def memory(pid: int) -> int:
    """Bytes that the process and its children hold for themselves (proportional set size)."""
    return _pss(pid) + sum(memory(child) for child in _children(pid))


def _signal(pid: int, number: int) -> None:
    try:
        # The group where it leads one: a master alone would leave its workers behind.
        os.killpg(pid, number) if os.getpgid(pid) == pid else os.kill(pid, number)
    except ProcessLookupError:
        # The master is gone; its group may still have workers.
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
