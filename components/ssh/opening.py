"""One attempt at a connection: is the server the one it should be; and whatever goes wrong."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from cloud_init.host.base import files
from components.errors import Lost, SlipwayError
from components.ssh.loop import wait_for

_CONNECT = 15  # seconds
_BEST = ("ssh-ed25519",)  # the kind of key that people pin, and consoles show
_SYSTEM = Path("/etc/ssh/ssh_known_hosts")
_PINNED = "slipway:ssh.hostKeys"
_KINDS = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}  # as files of keys are called
Matches = tuple[Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey]]
"""Trusted keys, trusted authorities, revoked keys."""


@dataclass(frozen=True)
class Login:
    """How to log in to a server. `user`, `key` None: as ~/.ssh/config or the agent has it.
    `known_hosts` None: the user's own file. `noted`: a file of host keys that were accepted at
    first use, only with `accept_new`."""

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
        return self.host if self.pattern == self.host else f"{self.host} ({self.pattern})"


class HostKeyError(SlipwayError):
    """The server's key isn't the one that was wanted, or isn't known: nothing was sent to it."""


class HostKeys(asyncssh.SSHClient):
    """The keys of one server. Where a source knows any, no later one is asked: the settings' pins
    come first. `problem`: why a key was refused; `accepted`: a new one that was taken."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self.source = self.problem = ""
        self.trusted: Matches = ([], [], [])
        self.accepted: asyncssh.SSHKey | None = None

    def match(self, host: str, address: str, port: int | None) -> Matches:
        """What asyncssh asks before it connects. A line may name the server by its address, with
        the port or without, or by its name in the settings."""
        for source, text in self._sources():
            try:
                known = asyncssh.import_known_hosts(text)
            except ValueError as error:
                raise SlipwayError(f"{source}: wanted lines of host keys, found one that is none ({error}); mend it") from None
            for asked in ((host, address, port), (self.login.host, "", None)):
                keys, authorities, revoked, *_ = known.match(*asked)
                if keys or authorities or revoked:
                    self.source, self.trusted = source, (keys, authorities, revoked)
                    return self.trusted
        return self.trusted

    def _sources(self) -> Iterator[tuple[str, str]]:
        own = Path(self.login.known_hosts or "~/.ssh/known_hosts").expanduser()
        if self.login.known_hosts and not own.is_file():
            raise SlipwayError(
                f"slipway:ssh.knownHosts: wanted a file of host keys, found none at {own}; make it, or leave the setting out"
            )
        yield _PINNED, "\n".join(self.login.host_keys)
        for path in filter(Path.is_file, (own, _SYSTEM, Path(self.login.noted))):
            try:
                yield str(path), path.read_text(encoding="utf-8", errors="replace")
            except OSError as error:
                why = f"found a file that can't be read ({error.strerror}); mend that"
                raise SlipwayError(f"{path}: wanted host keys, {why}") from None

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        if any(self.trusted):
            self.problem = self.changed(key)
        elif not self.login.accept_new:
            self.problem = self.unknown(key)
        else:
            self.accepted = key
        return not self.problem

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

    def changed(self, found: asyncssh.SSHKey) -> str:
        """What to say of a server that isn't who it was, with the line for whoever knows better."""
        wanted = ", ".join(key.get_fingerprint() for key in (*self.trusted[0], *self.trusted[1]))
        return (
            f"{self.login}: THE HOST KEY HAS CHANGED: wanted {wanted} ({self.source}), found {found.get_fingerprint()} "
            f"(its line: '{self.line(found)}'); somebody may stand between, or the server was made anew; "
            f"nothing was sent to it; only if you know why, replace its line in {self.source}"
        )

    def note(self, key: asyncssh.SSHKey) -> None:
        """Remembers an accepted key. Many servers are met at once: none takes a line away."""
        path = Path(self.login.noted)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab", buffering=0, opener=files.private_file) as file:
            file.write(f"{self.line(key)}\n".encode())


def attempt(login: Login) -> asyncssh.SSHClientConnection:
    """`Lost` for what may pass, any other `SlipwayError` for what won't."""
    keys = HostKeys(login)
    given: dict[str, Any] = {"username": login.user} if login.user else {}
    given |= {"client_keys": [_key(login.key)]} if login.key else {}
    connecting = asyncssh.connect(
        login.address,
        login.port,
        client_factory=lambda: keys,
        known_hosts=keys.match,
        ignore_encrypted=True,  # where a key has a passphrase the agent may hold it
        connect_timeout=_CONNECT,
        login_timeout=2 * _CONNECT,
        keepalive_interval=5,
        keepalive_count_max=3,
        **given,
    )
    try:
        made = wait_for(asyncio.wait_for(connecting, 4 * _CONNECT))
    except asyncssh.HostKeyNotVerifiable as error:
        best = None if any(keys.trusted) else _shown_key(login, _BEST)
        problem = keys.unknown(best) if best else keys.problem
        raise HostKeyError(problem or f"{login}: its host key is refused: {error}; see docs/targets/ssh.md") from None
    except asyncssh.PermissionDenied as error:
        who = f"user {login.user}" if login.user else "the user"
        with_ = f"the key {login.key}" if login.key else "the agent's keys and ~/.ssh/config"
        hint = "put the public key into ~/.ssh/authorized_keys there; a key with a passphrase goes into the agent: ssh-add"
        raise Lost(f"{login}: wanted {who} to be let in with {with_}, found: {error.reason}; {hint}") from error
    except socket.gaierror as error:
        raise SlipwayError(f"{login}: wanted an address, found a name that can't be looked up ({error.strerror}); mend it") from None
    except (TimeoutError, OSError, asyncssh.DisconnectError) as error:
        # A server that has none of the kinds of keys that are known of it just hangs up.
        shown = _shown_key(login) if keys.trusted[0] else None
        if shown and shown not in keys.trusted[0]:
            raise HostKeyError(keys.changed(shown)) from None
        why = getattr(error, "strerror", None) or str(error) or "no answer in time"
        raise Lost(f"{login}: wanted an SSH server, found none that answers ({why}); is it up, and port {login.port} open?") from error
    except (asyncssh.Error, ValueError) as error:
        raise SlipwayError(f"{login}: {error}; mend it (~/.ssh/config is read too)") from None
    if keys.accepted:
        keys.note(keys.accepted)
    return made


def _shown_key(login: Login, kinds: Sequence[str] = ()) -> asyncssh.SSHKey | None:
    """The key that a server shows to anybody; None where it has none of these kinds."""
    try:
        asked = asyncssh.get_server_host_key(login.address, login.port, server_host_key_algs=kinds)
        return wait_for(asyncio.wait_for(asked, _CONNECT))
    except (TimeoutError, OSError, asyncssh.Error):
        return None


def _key(setting: str) -> str:
    path = Path(setting).expanduser()
    if not path.is_file():
        raise SlipwayError(
            f"slipway:ssh.key: wanted a private key, found no file at {path}; write its path, or leave it out for the agent's"
        )
    return str(path)
