"""Lines of several hosts as one stream."""

import queue
import threading
from collections.abc import Iterator, Sequence

from components.hosts.names import short
from components.hosts.transport import Transport

Lines = queue.SimpleQueue[str | Exception | None]


def merged(hosts: Sequence[Transport], words: Sequence[str]) -> Iterator[str]:
    """One host's lines as they are; several hosts' as they come, after their hosts' names."""
    if len(hosts) == 1:
        yield from hosts[0].stream(words)
        return
    lines: Lines = queue.SimpleQueue()
    for host in hosts:
        threading.Thread(target=_pump, args=(host, words, lines), daemon=True).start()
    for _ in hosts:  # each ends with one None
        while (item := lines.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


def _pump(host: Transport, words: Sequence[str], lines: Lines) -> None:
    try:
        for text in host.stream(words):
            lines.put(f"{short(host.host)} | {text}")
    except Exception as error:  # noqa: BLE001  (raised again in the thread that shows the lines)
        lines.put(error)
    lines.put(None)
