"""Whether a server is the one it should be: pinned keys, known_hosts, and what was accepted at
first use."""

from pathlib import Path

import asyncssh

from cloud_init.host.base import files
from components.errors import SlipwayError
from components.ssh.login import Login

_SYSTEM = Path("/etc/ssh/ssh_known_hosts")
_PINNED = "slipway:ssh.hostKeys"
_KINDS = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}  # as files of keys are called
Matches = tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]
"""Trusted keys, trusted authorities, revoked keys."""


class HostKeyError(SlipwayError):
    """The server's key isn't the one that was wanted, or isn't known: nothing was sent to it."""


class HostKeys:
    """The keys of one server.

    Where a source knows any, no later source is asked: the settings' own pins come first."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self.source = ""
        self.trusted: Matches = ([], [], [])

    def match(self, host: str, address: str, port: int | None) -> Matches:
        """What asyncssh asks before it connects."""
        for source, text in self._sources():
            found = self._found(source, text, host, address, port)
            if any(found):
                self.source, self.trusted = source, found
                return found
        return ([], [], [])

    def _sources(self) -> list[tuple[str, str]]:
        own = Path(self.login.known_hosts or "~/.ssh/known_hosts").expanduser()
        if self.login.known_hosts and not own.is_file():
            raise SlipwayError(
                f"slipway:ssh.knownHosts: wanted a file of host keys, found none at {own}; make it, or leave the setting out"
            )
        places = (own, _SYSTEM, Path(self.login.noted))
        return [(_PINNED, "\n".join(self.login.host_keys)), *((str(path), _text(path)) for path in places if path.is_file())]

    def _found(self, source: str, text: str, host: str, address: str, port: int | None) -> Matches:
        """A line may name the server by its address, or by its name in the settings."""
        try:
            known = asyncssh.import_known_hosts(text)
        except ValueError as error:
            raise SlipwayError(f"{source}: wanted lines of host keys, found one that is none ({error}); mend it") from None
        asked = [(host, address, port), (host, address, None), (self.login.host, "", None)]
        for one in asked if port else asked[1:]:
            keys, authorities, revoked, *_ = known.match(*one)
            if keys or authorities or revoked:
                return list(keys), list(authorities), list(revoked)
        return [], [], []

    def line(self, key: asyncssh.SSHKey) -> str:
        """The key as known_hosts and `hostKeys` have it."""
        kind, data = key.export_public_key().decode().split()[:2]
        return f"{self.login.pattern} {kind} {data}"

    def unknown(self, key: asyncssh.SSHKey) -> str:
        """What to say of a server that nobody has met."""
        kind = _KINDS.get(key.get_algorithm(), "*")
        look = f"ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub"
        return (
            f"{self.login}: its host key {key.get_fingerprint()} is not known; compare it with what `{look}` "
            f"prints on the server's own console, then pin it in {_PINNED}: '{self.line(key)}'"
        )

    def shown(self, key: asyncssh.SSHKey) -> str:
        """The fingerprint, and the line for whoever knows better."""
        return f"{key.get_fingerprint()} (its line: '{self.line(key)}')"

    def changed(self, found: str) -> str:
        """What to say of a server that isn't who it was."""
        wanted = ", ".join(key.get_fingerprint() for key in (*self.trusted[0], *self.trusted[1]))
        return (
            f"{self.login}: THE HOST KEY HAS CHANGED: wanted {wanted} ({self.source}), found {found}; somebody may stand between, "
            f"or the server was made anew; nothing was sent to it; only if you know why, replace its line in {self.source}"
        )

    def note(self, key: asyncssh.SSHKey) -> None:
        """Remembers a key that was accepted at first use.

        Many servers are met at once: each adds its line, and takes none away."""
        path = Path(self.login.noted)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", buffering=0, opener=files.private_file) as file:
            file.write(f"{self.line(key)}\n".encode())


class Greeter(asyncssh.SSHClient):
    """Looks at a key that nobody trusts yet; `problem` is why it was refused, `accepted` what is
    new and taken."""

    def __init__(self, keys: HostKeys) -> None:
        self.keys = keys
        self.problem = ""
        self.accepted: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        if any(self.keys.trusted):
            self.problem = self.keys.changed(self.keys.shown(key))
        elif not self.keys.login.accept_new:
            self.problem = self.keys.unknown(key)
        else:
            self.accepted = key
        return not self.problem

    def auth_banner_received(self, _msg: str, _lang: str) -> None:
        """A greeting for people."""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SlipwayError(f"{path}: wanted host keys, found a file that can't be read ({error.strerror}); mend that") from None
