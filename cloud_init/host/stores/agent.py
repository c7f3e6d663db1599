"""`store ADDRESS`: a release store for whoever is at the other end of a connection. A line of JSON for each question and each answer.

A lock that is held goes with this process, and this process goes when nobody is heard of any more: a deployer whose
connection broke keeps nobody waiting.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

from .. import stores
from ..base.files import read_object
from ..base.lock import held
from ..base.outcome import Locked, Refused, refusal_of
from ..base.processes import command_line
from . import Conflict, Store

_SILENCE = 30  # seconds; the other end says something every few
_ENDS = 5  # seconds for an agent to end
_CHUNK = 1 << 16


def run(address: str) -> int:
    """Answers until its input ends, or nothing comes for half a minute."""
    store = stores.connect(address)
    _say({"ready": True, "now": time.time(), "pid": os.getpid()})
    with ExitStack() as locks:
        for line in _lines(sys.stdin.fileno()):
            question = json.loads(line)
            if question["do"] != "ping":
                _say({"id": question["id"], **_answer(store, locks, question)})
    return 0


def _answer(store: Store, locks: ExitStack, question: dict[str, Any]) -> dict[str, Any]:
    try:
        if question["do"] == "lock":
            locks.enter_context(_locked(store, question))
            return {"is": None}
        return {"is": _DO[question["do"]](store, question)}
    except Conflict as conflict:
        return {"conflict": str(conflict)}
    except Locked as locked:
        return {"locked": str(locked)}
    except (Refused, OSError) as error:
        return {"refused": str(refusal_of(error))}


def _locked(store: Store, question: dict[str, Any]) -> Any:
    if store.lock_file is None:
        raise Refused(f"store: wanted a folder, which can be locked, found {store.address}")
    lock, before = store.lock_file, question.get("before")
    if before is not None and read_object(lock).get("pid") == before:
        _end(before)
    return held(lock, question["reason"], 0 if before is None else _ENDS, lambda text: None, question["holder"])


def _end(pid: int) -> None:
    """The same deployer's agent before this one: cut off, and nobody has told it yet."""
    if command_line(pid) == command_line(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _put(store: Store, question: dict[str, Any]) -> None:
    store.put(question["name"], _bytes(question["data"]))


def _create(store: Store, question: dict[str, Any]) -> None:
    """Asked again, because the first answer was lost, it is what it should be."""
    data = _bytes(question["data"])
    try:
        store.create(question["name"], data)
    except Conflict:
        if store.get(question["name"]) != data:
            raise


def _replace(store: Store, question: dict[str, Any]) -> None:
    old, new = question["old"], _bytes(question["data"])
    try:
        store.replace(question["name"], None if old is None else _bytes(old), new)
    except Conflict:
        if store.get(question["name"]) != new:
            raise


def _get(store: Store, question: dict[str, Any]) -> str | None:
    data = store.get(question["name"])
    return None if data is None else base64.b64encode(data).decode()


def _names(store: Store, question: dict[str, Any]) -> dict[str, float]:
    return store.names(question["name"])


def _modified(store: Store, question: dict[str, Any]) -> float | None:
    return store.modified(question["name"])


def _delete(store: Store, question: dict[str, Any]) -> None:
    store.delete(*question["names"])


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


_DO: dict[str, Callable[[Store, dict[str, Any]], Any]] = {
    "get": _get, "put": _put, "create": _create, "replace": _replace, "names": _names, "modified": _modified, "delete": _delete,
}  # fmt: skip


def _lines(descriptor: int) -> Iterator[bytes]:
    """Whole lines as they come; ends with the input, or with silence."""
    parts: list[bytes] = []
    while select.select([descriptor], [], [], _SILENCE)[0]:
        data = os.read(descriptor, _CHUNK)
        if not data:
            return
        *whole, rest = data.split(b"\n")
        for line in whole:
            yield b"".join(parts) + line
            parts = []
        parts.append(rest)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)
