"""The agent's process on a server, and its program, which is this machine's own version of the host tool."""

import asyncio
import itertools
import json
import secrets
import time
from typing import Any

import asyncssh

from cloud_init import host_tool
from components.errors import SlipwayError
from components.ssh.connection import Connection
from components.ssh.loop import line_of, wait_for

_PING = 5  # seconds


class Agent:
    """The process on the server; it runs this machine's own version of the host tool."""

    def __init__(self, to: Connection, address: str) -> None:
        self.ahead, self.pid = 0.0, 0
        self.process = to.start(_command(address), root=True)
        if not self._is_ready():
            upload(to, address)
            self.process = to.start(_command(address), root=True)
            if not self._is_ready():
                raise EOFError("the store's agent didn't start")
        self.numbers = itertools.count(1)
        self.heart = wait_for(_beating(self.process))

    def ask(self, do: str, question: dict[str, Any]) -> dict[str, Any]:
        number = next(self.numbers)
        line = json.dumps({"id": number, "do": do, **question}).encode() + b"\n"
        said = wait_for(_asked(self.process, line))
        if not said.endswith(b"\n"):
            raise EOFError("the store's agent ended")
        answer = json.loads(said)
        if answer["id"] != number:
            raise EOFError("an answer came out of turn")
        return dict(answer)

    def end(self) -> None:
        wait_for(_closed(self.process, self.heart))

    def _is_ready(self) -> bool:
        line = wait_for(line_of(self.process.stdout))
        if not line.startswith(b"{"):
            return False
        told = json.loads(line)
        self.ahead, self.pid = time.time() - float(told["now"]), int(told["pid"])
        return True


def upload(to: Connection, address: str) -> None:
    """The host tool, into the store, by rename: its name says what it holds."""
    path = _tool(address)
    part, folder = f"{path}.{secrets.token_hex(4)}.part", _folder(address)
    for words, data in (
        (["install", "-d", "-m", "0700", folder, f"{folder}/releases", f"{folder}/releases/tool"], b""),
        (["install", "-m", "0600", "/dev/stdin", part], host_tool.tool()),
        (["mv", part, path], b""),
    ):
        done = to.run(words, data, root=True)
        if done.status:
            raise SlipwayError(f"{to.login}: {path}: can't be written ({done.last}); mend that, then run it again")


def _command(address: str) -> list[str]:
    return ["python3", "-I", _tool(address), "store", address]


def _tool(address: str) -> str:
    return f"{_folder(address)}/releases/tool/{host_tool.tool_id()}.pyz"


def _folder(address: str) -> str:
    return address.removeprefix("file://")


async def _asked(process: asyncssh.SSHClientProcess[bytes], line: bytes) -> bytes:
    process.stdin.write(line)
    await process.stdin.drain()
    return await line_of(process.stdout)


async def _beating(process: asyncssh.SSHClientProcess[bytes]) -> "asyncio.Task[None]":
    return asyncio.get_running_loop().create_task(_beat(process))


async def _beat(process: asyncssh.SSHClientProcess[bytes]) -> None:
    """Somebody is still there."""
    while not process.stdin.is_closing():
        process.stdin.write(b'{"do": "ping"}\n')
        await asyncio.sleep(_PING)


async def _closed(process: asyncssh.SSHClientProcess[bytes], heart: "asyncio.Task[None]") -> None:
    heart.cancel()
    process.close()
