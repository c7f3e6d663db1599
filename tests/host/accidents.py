"""A host whose tool meets an accident."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cloud_init.host import contracts
from cloud_init.host.contracts.facts import HostFacts
from components.hosts.transport import Event
from components.hosts.transports.local import LocalTransport


class Doomed(LocalTransport):
    """The host, whose tool meets an accident once (see tool_at.py)."""

    def __init__(self, facts: Mapping[str, Any], accident: str, when: str, step: str) -> None:
        super().__init__(contracts.read(HostFacts, facts))
        self.accident = [accident, when, step]
        self.over = False

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        outcome = super().run(arguments, on_event)
        self.over = self.over or not outcome["ok"]
        return outcome

    def tool(self, arguments: Sequence[str]) -> list[str]:
        python, isolated, path, *rest = super().tool(arguments)
        if self.over:
            return [python, isolated, path, *rest]
        return [python, isolated, str(Path(__file__).with_name("tool_at.py")), path, *self.accident, "--", *rest]
