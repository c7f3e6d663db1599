"""Running the host tool of one host, or of several at once, and reading what it tells."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pydantic import ValidationError

from components.deployment.answers import Answer
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.names import short
from components.hosts.transport import Transport

A = TypeVar("A", bound=Answer)


def run(kind: type[A], host: Transport, *words: str) -> A:
    """The host tool's outcome; its steps are reported as they happen. Raises `SlipwayError`."""
    outcome = host.run(words, lambda event: progress.tell(host.host, event))
    given = {key: one for key, one in outcome.items() if one is not None or key not in kind.model_fields}
    try:
        return kind.model_validate({"host": host.host, "ok": False, **given})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        why = f"wanted {where} of the host tool's {words[0]}, found another ({first['msg']})"
        raise SlipwayError(f"{short(host.host)}: {why}; run `./slipway up`") from None


def run_or_say(kind: type[A], host: Transport, *words: str) -> A:
    """As `run`; a host that can't be reached has an answer that says so, and hides no other's."""
    try:
        return run(kind, host, *words)
    except SlipwayError as error:
        return kind(host=host.host, ok=False, message=str(error))


def run_all(kind: type[A], hosts: Sequence[Transport], *words: str) -> list[A]:
    """Each one's outcome, in order. Raises `SlipwayError` where one can't be reached."""
    return at_once(lambda host: run(kind, host, *words), hosts)


def at_once(work: Callable[[Transport], A], hosts: Sequence[Transport]) -> list[A]:
    """On at most 8 hosts at a time; a single one in this thread, where Ctrl-C ends it at once."""
    if len(hosts) == 1:
        return [work(hosts[0])]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(work, hosts))
