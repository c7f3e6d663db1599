"""A host as others in its network see it."""

import asyncio
from collections.abc import Iterable

from .machine import Machine

# All that a server may listen on below 1024, and what is usual above.
USUAL = (*range(1, 1024), 3306, 5432, 8000, 8080, 8443, 9001)


def open_ports(address: str, source: str, ports: Iterable[int] = USUAL) -> list[int]:
    """Those that take a connection from `source`, an address of this machine's."""

    async def look() -> list[int]:
        limit, asked = asyncio.Semaphore(300), sorted(ports)
        found = await asyncio.gather(*(_open(address, port, source, limit) for port in asked))
        return [port for port, is_open in zip(asked, found, strict=True) if is_open]

    return asyncio.run(look())


def listening(machine: Machine) -> set[int]:
    """Every TCP port that a program of the host listens on, wherever."""
    lines = machine.run(["ss", "-Hltn"]).stdout.splitlines()
    return {int(line.split()[3].rpartition(":")[2]) for line in lines}


async def _open(address: str, port: int, source: str, limit: asyncio.Semaphore) -> bool:
    async with limit:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, port, local_addr=(source, 0)), 2)
        except OSError:
            return False
        writer.close()
        return True
