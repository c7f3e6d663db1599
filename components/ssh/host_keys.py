"""Which host keys a server may show, and what is said of one that shows another."""

import base64
import hashlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from cloud_init.host.base import files
from components.errors import SlipwayError

_SYSTEM = Path("/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True)
class Login:
    """How to log in to a server. `user`, `key` None: as ~/.ssh/config or the agent has it.
    `known_hosts` None: the user's own file. `noted`: a file of host keys that were accepted at
    first use, only with `accept_new`. `pinned`: where `host_keys` come from, for people. `proxy`: a
    program whose input and output are the way to it; empty: as ~/.ssh/config has it."""

    host: str
    address: str
    port: int
    user: str | None
    key: str | None
    known_hosts: str | None
    host_keys: tuple[str, ...]
    accept_new: bool
    noted: str
    pinned: str = "slipway:ssh.hostKeys"
    proxy: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """The server in a line of known_hosts."""
        return _at(self.address, self.port)

    def __str__(self) -> str:
        return self.host if self.pattern == self.host else f"{self.host} ({self.pattern})"


class HostKeyError(SlipwayError):
    """The server's key isn't the one that was wanted, or isn't known: nothing was sent to it."""


def known(login: Login, name: str) -> tuple[str, list[str]]:
    """The first source that knows the server, and its lines of known_hosts, under `name` alone. It
    may know it by that or by its address, with the port or without, or as the settings call it."""
    names = dict.fromkeys((_at(name, login.port), name, login.pattern, login.address, login.host))
    for source, path, text in _sources(login):
        for one in names:
            found = subprocess.run(["ssh-keygen", "-F", one, "-f", path], input=text, capture_output=True, text=True, check=False)
            if found.returncode > 1:
                why = f"found a file that can't be read ({found.stderr.strip()}); mend that"
                raise SlipwayError(f"{source}: wanted host keys, {why}")
            if lines := [line for line in found.stdout.splitlines() if line[:1] != "#"]:
                return source, [" ".join(filter(None, (marker, name, key))) for marker, key in map(_parts, lines)]
    return "", []


def _sources(login: Login) -> Iterator[tuple[str, str, str]]:
    """The name of each, its file, and the text that stands for a file."""
    own = Path(login.known_hosts or "~/.ssh/known_hosts").expanduser()
    if login.known_hosts and not own.is_file():
        raise SlipwayError(f"slipway:ssh.knownHosts: wanted a file of host keys, found none at {own}; make it, or leave the setting out")
    for line in login.host_keys:
        try:
            load_ssh_public_key(_parts(line)[1].encode())
        except (ValueError, UnsupportedAlgorithm) as error:  # or it would be passed over, and the next source believed
            raise SlipwayError(f"{login.pinned}: wanted lines of host keys, found one that is none ({error}); mend it") from None
    yield login.pinned, "/dev/stdin", "".join(f"{line}\n" for line in login.host_keys)
    for path in filter(Path.is_file, (own, _SYSTEM, Path(login.noted))):
        yield str(path), str(path), ""


def refused(login: Login, shown: str, source: str, lines: Sequence[str]) -> HostKeyError:
    """What to say of a key, `ssh-ed25519 AAAA…`, that isn't one of those that are known."""
    pinned = f"{login.pattern} {shown}"
    if not lines:
        kind = re.split("[- ]", shown.removeprefix("ssh-"))[0]
        look = f"ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub"
        return HostKeyError(
            f"{login}: its host key {_fingerprint(shown)} is not known; compare it with what `{look}` "
            f"prints on the server's own console, then pin it in {login.pinned}: '{pinned}'"
        )
    wanted = ", ".join(_fingerprint(key) for marker, key in map(_parts, lines) if marker != "@revoked")
    return HostKeyError(
        f"{login}: THE HOST KEY HAS CHANGED: wanted {wanted} ({source}), found {_fingerprint(shown)} "
        f"(its line: '{pinned}'); somebody may stand between, or the server was made anew; "
        f"nothing was sent to it; only if you know why, replace its line in {source}"
    )


def note(login: Login, shown: str) -> None:
    """Remembers an accepted key. Many servers are met at once: none takes a line away."""
    path = Path(login.noted)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab", buffering=0, opener=files.private_file) as file:
        file.write(f"{login.pattern} {shown}\n".encode())


def _at(name: str, port: int) -> str:
    return name if port == 22 else f"[{name}]:{port}"


def _parts(line: str) -> tuple[str, str]:
    """A line's marker, or nothing, and its key as `ssh-ed25519 AAAA…`."""
    words = line.split() if line.startswith("@") else ["", *line.split()]
    return words[0], " ".join(words[2:4])


def _fingerprint(key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(key.partition(" ")[2])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
