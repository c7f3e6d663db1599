"""A server reached by SSH: the host tool with root's rights, its events as they come."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from components.errors import Lost
from components.hosts.transport import Event, Launched, asked
from components.ssh import connection
from components.ssh.connection import Connection

TOOL = ["python3", "-I", "/opt/slipway/host.pyz"]
_REPEATED = {"status", "releases", "backups", "maintenance", "kept"}
"""What may be asked again where an answer was lost: it changes nothing, or the same once more."""


class SshTransport(Launched):
    """A server reached by `way`; left out: by the login that its facts have."""

    way: Connection

    def __init__(self, facts: Mapping[str, Any], way: Connection | None = None) -> None:
        self.facts, self.way = facts, way or connection.of(facts)
        self.host, self.role, self.address = str(facts["host"]), str(facts["role"]), self.way.login.address
        self.copies = f"{facts['app']}-{self.host}"

    def tool(self, arguments: Sequence[str]) -> list[str]:
        return ["env", asked(self.facts), *TOOL, *arguments]

    def run(self, arguments: Sequence[str], on_event: Callable[[Event], None] | None = None) -> dict[str, Any]:
        try:
            return super().run(arguments, on_event)
        except Lost:
            if arguments[0] not in _REPEATED:
                raise
            return super().run(arguments, on_event)

    def remove(self, keep_data: bool) -> None:
        """Without a host tool, what stayed when it went can only be the data."""
        if not self.way.run(["test", "-e", TOOL[-1]]).status:
            self.leave(*([] if keep_data else ["--with-data"]))
        elif not keep_data:
            self.way.run(["rm", "-rf", f"/srv/slipway/{self.facts['app']}"], root=True)


connect = SshTransport
