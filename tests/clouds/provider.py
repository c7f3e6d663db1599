"""What the bridge from recordings to Terraform has to be told of a provider: a table for each, beside that cloud's own tests."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Things = set[tuple[str, str]]
"""(Terraform's type, id)."""


@dataclass(frozen=True)
class Emulator:
    """An emulated account, asked by the address and region that it is given. `block`: the provider's block, which asks everything there.
    `there`: what it has, asked of each service, never of Terraform. `known`: the same of a state of Terraform's. `fill`: leaves in each
    store of those things what hosts and deployers do, and says what is there then. `last`: what a resource leaves behind as it goes, of
    its type and attributes."""

    block: Callable[[str, str], dict[str, Any]]
    there: Callable[[str, str], Things]
    known: Callable[[Mapping[str, Any]], Things]
    fill: Callable[[str, str, Things], Things]
    last: Callable[[str, Mapping[str, Any]], Things]


@dataclass(frozen=True)
class Provider:
    """`package` is Pulumi's name, which types begin with; `prefix` what Terraform's begin with. `program`: the variable of this machine
    that names the provider's program; `variables`: how those begin that say something of the cloud, and are kept from it."""

    package: str
    prefix: str
    source: str
    version: str
    program: str
    variables: tuple[str, ...]
    emulator: Emulator | None = None
    """Nothing, if stacks are planned only."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the provider's program."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Terraform's names of types, where the rule doesn't have them."""
    answered: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Look-ups that aren't asked: what they answer."""
    literals: Mapping[str, str] = field(default_factory=dict)
    """What stands for an output where stacks are planned only, by Terraform's type and Pulumi's path (`alicloud_vpc.id`): a value of its
    form, as none is validated beside a reference. `{}` in it becomes 20 letters and digits of the resource's own."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Terraform's name of a field to Pulumi's, where that was renamed by hand."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Which field Pulumi fills with a name of its own where the program gives none, if not `name`."""
    divided: Mapping[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    """A type's output of an IPv6 block, which programs divide, and stand-ins for it: a part of one becomes the same part of the real."""
    not_told: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(Terraform's type, field) that the emulator takes and doesn't tell again. Fails where one works after all, or nothing asks for it."""

    @property
    def called(self) -> str:
        """The name that configurations call it by."""
        return self.source.rpartition("/")[2]

    def without_own(self) -> dict[str, str]:
        """The environment of what asks the emulator."""
        return without(self.variables)


def without(variables: tuple[str, ...]) -> dict[str, str]:
    """The environment, without what this machine says of a cloud, of Terraform, or of ways to other machines."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith((*variables, "TF_"))}
    return {**ours, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@contextmanager
def served(command: Sequence[str], environment: Mapping[str, str], log: Path, address: str) -> Iterator[None]:
    """With an emulator's program running, once it answers at `address`."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        _await(process, address)
        yield
    finally:
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, f"what serves {address} ended"
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{address} doesn't answer")
