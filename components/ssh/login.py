"""How one server is reached: plain values, as they travel in a resource's inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Login:
    """How to log in. `user`, `key` None: as ~/.ssh/config or the agent has it. `known_hosts` None:
    the user's own file.

    `noted`: a file of host keys that were accepted at first use, only with `accept_new`."""

    host: str
    address: str
    port: int
    user: str | None
    key: str | None
    known_hosts: str | None
    host_keys: tuple[str, ...]
    accept_new: bool
    noted: str

    @property
    def pattern(self) -> str:
        """The server in a line of known_hosts."""
        return self.address if self.port == 22 else f"[{self.address}]:{self.port}"

    def __str__(self) -> str:
        where = self.pattern
        return self.host if where == self.host else f"{self.host} ({where})"


def of(facts: Mapping[str, Any]) -> Login:
    """The login in a host's facts."""
    given = facts["login"]
    return Login(**{**given, "host": facts["host"], "host_keys": tuple(given["host_keys"])})
