"""The event loop, in a thread of its own, that all SSH connections of this process live on."""

import asyncio
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from functools import cache
from typing import TypeVar

import asyncssh

Answer = TypeVar("Answer")
_starting = threading.Lock()  # threads that ask at the same moment get the same loop


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="slipway-ssh", daemon=True).start()
    return loop


def begin(work: Awaitable[Answer]) -> Future[Answer]:
    """Runs it there."""
    with _starting:
        loop = _loop()
    return asyncio.run_coroutine_threadsafe(_done(work), loop)


def wait_for(work: Awaitable[Answer]) -> Answer:
    """Runs it there and gives its answer. Interrupted, it is cancelled."""
    future = begin(work)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def _done(work: Awaitable[Answer]) -> Answer:
    """The library gives awaitables that are no coroutines."""
    return await work


async def line_of(reader: asyncssh.SSHReader[bytes]) -> bytes:
    """The next line, however long: the library hands long ones out in parts."""
    line = b""
    while part := await reader.readline():
        line += part
        if part.endswith(b"\n"):
            break
    return line
