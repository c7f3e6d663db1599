"""How many workers this host carries, by cores and memory at the start, within container limits."""

import math
import os
from pathlib import Path

WORKER_BYTES = 120_000_000  # a worker of a plain Flask app with an ORM; both colours stand side by side during a release
COLOURS = 1 if (Path(__file__).parent / "platform.json").is_file() else 2


def workers(worker_class: str) -> int:
    """For threads and greenlets one a core, two at least; sync: 2 x cores + 1; as memory allows. A
    platform that knows better says so."""
    if COLOURS == 1 and (told := os.environ.get("WEB_CONCURRENCY", "")).isdigit():
        return max(1, int(told))
    wanted = 2 * cores() + 1 if worker_class == "sync" else max(2, cores())
    return max(1, min(wanted, memory() // (WORKER_BYTES * COLOURS)))


def cores() -> int:
    """Cores that this process may use, at least one."""
    count = len(os.sched_getaffinity(0))
    quota, _, period = _read("cpu.max").partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        count = min(count, math.ceil(int(quota) / int(period)))
    return max(1, count)


def memory() -> int:
    """Bytes of memory of this host or of its container."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if (told := os.environ.get("GAE_MEMORY_MB", "")).isdigit():  # App Engine's class
        total = min(total, int(told) * 1_000_000)
    limit = _read("memory.max").strip()
    return min(total, int(limit)) if limit.isdigit() else total


def _read(name: str) -> str:
    """A file of this process's control group (version 2); empty where there is none."""
    try:
        group = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
        return (Path("/sys/fs/cgroup") / group / name).read_text()
    except OSError:
        return ""
