"""A Docker engine, by docker's own client: it knows contexts, `ssh://` and logins to registries."""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from components.errors import MissingError, SlipwayError, one_line

_MENDS = (
    ('Get "?https?://|denied: |access denied|unauthorized|basic auth', "see that the registry is there, and set slipway:secretRegistry"),
    ("permission denied while trying to connect", "let this user use it (`sudo usermod -aG docker $USER`, then log in anew), or be root"),
    ("Cannot connect to the Docker daemon|failed to dial|connection refused|no such host", "start it, or see `docker context ls`"),
    ("No such image: .*-host:", "run ./slipway up, which makes it"),
    ("port is already allocated|address already in use", "end what listens there, or set slipway:docker.port"),
    ("no space left on device", "make room: `docker system df`, `docker image prune`"),
    ("i/o timeout|connection reset|TLS handshake", "see that this machine reaches it"),
)
_OLDEST = [20, 10]


@dataclass(frozen=True)
class Engine:
    """`host`: its address, such as `ssh://deploy@203.0.113.9`; `context`: one of the client's. Both
    empty: the client's own. `configuration`: a folder in the place of the client's own."""

    host: str = ""
    context: str = ""
    configuration: str = ""

    def command(self, *words: str) -> list[str]:
        """The client with these words."""
        given = {"config": self.configuration, "host": self.host, "context": self.context}
        return ["docker", *arguments({name: value for name, value in given.items() if value}), *words]

    def run(self, *words: str, data: bytes = b"") -> bytes:
        """What a command says. Raises `SlipwayError` with the engine's words."""
        done = self.tried(*words, data=data)
        if done.returncode:
            raise self.refused(words[0], done.stderr.decode(errors="replace"))
        return bytes(done.stdout)

    def tried(self, *words: str, data: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """A command, however it ends."""
        try:
            return subprocess.run(self.command(*words), input=data, capture_output=True, check=False)
        except FileNotFoundError:
            raise MissingError("docker: wanted the program docker, found none; install it (Debian: docker.io)") from None

    def problem(self) -> str:
        """Why it can't be used, in one line; empty: it can."""
        try:
            server = json.loads(self.run("version", "--format", "{{json .Server}}"))
        except SlipwayError as error:
            return str(error)
        name = next((one["Name"] for one in server.get("Components") or ()), "Engine")
        if name == "Podman Engine" or [int(one) for one in re.findall(r"\d+", server["Version"])] < _OLDEST:
            return f"docker: wanted an engine of Docker's, 20.10 or newer, found {name} {server['Version']}; set slipway:docker.host"
        return ""

    def inspect(self, kind: str, name: str) -> dict[str, Any] | None:
        """What the engine knows of a container, image, volume or network; None: there is none."""
        done = self.tried(kind, "inspect", name)
        if done.returncode and not re.search("(?i)no such|not found", done.stderr.decode(errors="replace")):
            raise self.refused(f"{kind} inspect", done.stderr.decode(errors="replace"))
        return dict(json.loads(done.stdout)[0]) if not done.returncode else None

    def refused(self, what: str, words: str) -> SlipwayError:
        """The engine's last words, and what to do about them."""
        lines = [line for line in words.splitlines() if line.strip() and not line.startswith(("exit status", "Run 'docker"))]
        said = (lines or ["it said nothing"])[-1].removeprefix("ERROR: ")
        said = re.sub("^(?:docker: )?(?:Error response from daemon: )?", "", said)
        mend = next((mend for pattern, mend in _MENDS if re.search(pattern, words, re.IGNORECASE)), "mend that, then run it again")
        return SlipwayError(f"docker: {what}{f' at {self.host or self.context}' if self.host or self.context else ''}: "
                            f"{one_line(said, 300)}; {mend}")  # fmt: skip

    @cached_property
    def address(self) -> str:
        """The address that the client uses."""
        named = self.host or ("" if self.context else os.environ.get("DOCKER_HOST", ""))
        return named or str(json.loads(self.run("context", "inspect", *filter(None, [self.context])))[0]["Endpoints"]["docker"]["Host"])

    @property
    def socket(self) -> str:
        """The path of its socket on its own machine."""
        return self.address.removeprefix("unix://") if self.is_here else "/var/run/docker.sock"

    @property
    def is_here(self) -> bool:
        return self.address.startswith("unix://")


def arguments(options: Mapping[str, str | Sequence[str]]) -> list[str]:
    """Options of the client: a word, or one for each of several."""
    return [
        word for name, value in options.items() for one in ([value] if isinstance(value, str) else value) for word in (f"--{name}", one)
    ]
