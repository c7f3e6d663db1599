"""A database server's share of the memory, in bytes: pure functions, from 512 MB on."""

import os

MB = 1 << 20
_LEAST = 512 * MB
_CONNECTION = 4 * MB  # that one connection may come to hold
SAME_HOST = 600  # connections at once of a cluster beside the app
TAKEN = {"same-host": str(SAME_HOST), "own-host": "one for each 8 MB of its host's memory, 100 to 1,000"}
"""How many connections a cluster of Slipway's takes at once, by placement, in words."""


def memory() -> int:
    """Bytes of memory of this host."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def connections(size: int) -> int:
    """The most connections at once: as many as the memory beside the buffers carries."""
    return _between(100, max(size, _LEAST) // 2 // _CONNECTION, 1000)


def postgres(size: int) -> dict[str, str]:
    """PostgreSQL's settings: a quarter for shared buffers, since the kernel caches too."""
    size = max(size, _LEAST)
    buffers = _between(64 * MB, size // 4, 16384 * MB)
    return {
        "shared_buffers": f"{buffers // MB}MB",
        "effective_cache_size": f"{size * 3 // 4 // MB}MB",
        "work_mem": f"{_between(2 * MB, (size - buffers) // (connections(size) * 3), 64 * MB) // MB}MB",
        "maintenance_work_mem": f"{_between(32 * MB, size // 16, 1024 * MB) // MB}MB",
        "max_connections": str(connections(size)),
    }


def mariadb(size: int) -> dict[str, str]:
    """MariaDB's settings: half for InnoDB's buffers, since it caches by itself."""
    size = max(size, _LEAST)
    temporary = f"{_between(4 * MB, size // 128, 64 * MB) // MB}M"
    return {
        "innodb-buffer-pool-size": f"{_between(128 * MB, size // 2, 65536 * MB) // MB}M",
        "innodb-log-file-size": f"{_between(48 * MB, size // 16, 1024 * MB) // MB}M",
        "tmp-table-size": temporary,
        "max-heap-table-size": temporary,
        "max-connections": str(connections(size)),
    }


def _between(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))
