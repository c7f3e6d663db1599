"""A stand-in where there is no front server: passes each new connection to the live colour."""

import asyncio
import contextlib
import signal
from typing import Optional

from ..base.places import HTTP, Places
from .configuration import MAINTENANCE

_CHUNK = 65536
_GRACE = 30  # seconds that open connections get when the relay is stopped
_NOBODY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CLOSED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=utf-8\r\nRetry-After: 60\r\n"
    b"X-Slipway-Maintenance: on\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
)
_LIVENESS = b"/-/live"


async def serve(places: Places) -> None:
    """Relays until TERM or QUIT."""
    stopped = asyncio.Event()
    running: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_connect(places, reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    for number in (signal.SIGTERM, signal.SIGQUIT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = await asyncio.start_server(accept, *places.facts.front.listen)
    await stopped.wait()
    server.close()
    if running:
        await asyncio.wait(running, timeout=_GRACE)


async def _connect(places: Places, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client's connection. What comes after an answer counts as a new request."""
    try:
        app_reader, app_writer = await asyncio.open_unix_connection(str(places.live / HTTP))
    except OSError:
        return _say(writer, _page(places) or _NOBODY)
    fresh = True

    async def ask() -> None:
        nonlocal fresh
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                page = _page(places) if fresh and data.split(b" ", 2)[1:2] != [_LIVENESS] else None
                if page:
                    _say(writer, page)
                    break
                fresh = False
                app_writer.write(data)
                await app_writer.drain()
        app_writer.close()

    async def answer() -> None:
        """A side that went away ends it: there is nobody to tell."""
        nonlocal fresh
        with contextlib.suppress(OSError):
            while data := await app_reader.read(_CHUNK):
                fresh = True
                writer.write(data)
                await writer.drain()
        writer.close()

    await asyncio.gather(ask(), answer())


def _page(places: Places) -> Optional[bytes]:
    """The whole maintenance answer while there is maintenance."""
    try:
        body = (places.etc / MAINTENANCE).read_bytes()
    except OSError:
        return None
    return _CLOSED % (len(body), body)


def _say(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    writer.close()
