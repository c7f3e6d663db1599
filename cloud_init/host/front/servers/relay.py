"""A stand-in where there is no front server: passes each new connection to the live colour."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

from ...base.places import HTTP, Places
from . import MAINTENANCE

STOP = "TERM"
RELOAD: str | None = None  # it reads no configuration

_CHUNK = 65536
_GRACE = 30  # seconds that open connections get when the relay is stopped
_NOBODY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CLOSED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=utf-8\r\nRetry-After: 60\r\n"
    b"X-Slipway-Maintenance: on\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
)
_LIVENESS = b"/-/live"


def serve(places: Places, folder: Path) -> None:
    """Relays until TERM or QUIT."""
    address, port = places.facts.front.listen
    asyncio.run(_Relay(places.live / HTTP, places.etc / MAINTENANCE).run(address, port))


def test(places: Places, folder: Path) -> list[str]:
    """Nothing to ask."""
    return []


class _Relay:
    def __init__(self, socket: Path, maintenance: Path) -> None:
        self.socket = socket
        self.maintenance = maintenance
        self.open: set[asyncio.Task[None]] = set()

    async def run(self, address: str, port: int) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGQUIT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        server = await asyncio.start_server(self.accept, address, port)
        await stopped.wait()
        server.close()
        if self.open:
            await asyncio.wait(self.open, timeout=_GRACE)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self.relay(reader, writer))
        self.open.add(task)
        task.add_done_callback(self.open.discard)

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            app_reader, app_writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            page = self.page()
            return _say(writer, _NOBODY if page is None else page)
        connection = _Connection(self, reader, writer, app_reader, app_writer)
        await asyncio.gather(connection.ask(), connection.answer())

    def page(self) -> bytes | None:
        """The whole maintenance answer while there is maintenance."""
        try:
            body = self.maintenance.read_bytes()
        except OSError:
            return None
        return _CLOSED % (len(body), body)


class _Connection:
    """One client's connection. What comes after an answer counts as a new request: the relay reads
    nothing of HTTP but first lines."""

    def __init__(
        self,
        relay: _Relay,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        app_reader: asyncio.StreamReader,
        app_writer: asyncio.StreamWriter,
    ) -> None:
        self.relay, self.reader, self.writer, self.app_reader, self.app_writer = relay, reader, writer, app_reader, app_writer
        self.fresh = True

    async def ask(self) -> None:
        """Client to app."""
        with contextlib.suppress(OSError):
            while data := await self.reader.read(_CHUNK):
                page = self.relay.page() if self.fresh and data.split(b" ", 2)[1:2] != [_LIVENESS] else None
                if page is not None:
                    _say(self.writer, page)
                    break
                self.fresh = False
                self.app_writer.write(data)
                await self.app_writer.drain()
        self.app_writer.close()

    async def answer(self) -> None:
        """App to client. A side that went away ends it: there is nobody to tell."""
        with contextlib.suppress(OSError):
            while data := await self.app_reader.read(_CHUNK):
                self.fresh = True
                self.writer.write(data)
                await self.writer.drain()
        self.writer.close()


def _say(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    writer.close()
