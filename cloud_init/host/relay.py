"""Stands in where no front server can be had: passes each new connection to the colour that is live at that moment."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

_CHUNK = 65536
_GRACE = 30  # seconds that open connections get when the relay is stopped
_NOBODY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def serve(address: str, port: int, socket: Path) -> None:
    """Relays until TERM or QUIT."""
    asyncio.run(_Relay(socket).run(address, port))


class _Relay:
    def __init__(self, socket: Path) -> None:
        self.socket = socket
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
            writer.write(_NOBODY)
            writer.close()
            return
        await asyncio.gather(_pump(reader, app_writer), _pump(app_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies one direction until it ends. A side that went away ends it too: there is nobody to tell."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
