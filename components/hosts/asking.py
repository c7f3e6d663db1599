"""Asking the host tool of one host, or of several at once, and reading what it tells."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from components import progress
from components.answers import Answer
from components.errors import SlipwayError
from components.host_names import short
from components.transport import Transport

A = TypeVar("A", bound=Answer)


def ask(kind: type[A], host: Transport, *words: str) -> A:
    """The host tool's outcome; its steps are reported as they happen. Raises `SlipwayError`."""
    told = host.run(words, lambda event: progress.tell(host.host, event))
    return read(kind, {"host": host.host, "ok": False, **told})


def ask_all(kind: type[A], hosts: Sequence[Transport], *words: str) -> list[A]:
    """Each one's outcome, in order. Raises `SlipwayError` where one can't be reached."""
    return at_once(lambda host: ask(kind, host, *words), hosts)


def at_once(work: Callable[[Transport], A], hosts: Sequence[Transport]) -> list[A]:
    """On at most 8 hosts at a time; for a single one in this thread, where Ctrl-C ends it at once."""
    if len(hosts) == 1:
        return [work(hosts[0])]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(work, hosts))


def read(kind: type[A], told: Mapping[str, Any]) -> A:
    """An outcome as a type; what that has no field for is its `more`. Raises `SlipwayError`."""
    try:
        names = {one.name for one in dataclasses.fields(kind)}
        known = {name: told[name] for name in names & told.keys() if told[name] is not None}
        more = {key: told[key] for key in told.keys() - names}
        return cast(A, _adapter(cast(Any, kind)).validate_python({**known, "more": more}))
    except ValidationError as error:
        found = error.errors()[0]
        where = ".".join(str(part) for part in found["loc"])
        why = f"wanted the host tool's {where}, found another ({found['msg']})"
        raise SlipwayError(f"{short(str(told['host']))}: {why}; run `./slipway up`") from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
