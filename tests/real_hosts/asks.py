"""Run in a host's network. Arguments: ADDRESS:PORT. Prints those that take a connection within 2 s, one a line."""

import asyncio
import sys


async def _taken(place: str) -> bool:
    address, _, port = place.partition(":")
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, int(port)), 2)
    except OSError:
        return False
    writer.close()
    return True


async def _all(places: list[str]) -> None:
    for place, taken in zip(places, await asyncio.gather(*map(_taken, places)), strict=True):
        if taken:
            print(place)


asyncio.run(_all(sys.argv[1:]))
