"""One attempt at a connection: whose key is verified, and whatever goes wrong in a line."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncssh

from components.errors import Lost, SlipwayError
from components.ssh.host_keys import Greeter, HostKeyError, HostKeys
from components.ssh.login import Login
from components.ssh.loop import wait_for

_CONNECT = 15  # seconds
_BEST = ("ssh-ed25519",)  # the kind of key that people pin, and consoles show


def attempt(login: Login) -> asyncssh.SSHClientConnection:
    """`Lost` for what may pass, any other `SlipwayError` for what won't."""
    keys = HostKeys(login)
    greeter = Greeter(keys)
    given: dict[str, Any] = {"username": login.user} if login.user else {}
    given |= {"client_keys": [_key(login)]} if login.key else {}
    try:
        made = wait_for(_connected(login, greeter, given))
    except asyncssh.HostKeyNotVerifiable as error:
        best = None if any(keys.trusted) else _shown_key(login, _BEST)
        problem = keys.unknown(best) if best else greeter.problem
        raise HostKeyError(problem or f"{login}: its host key is refused: {error}; see docs/targets/ssh.md") from None
    except asyncssh.PermissionDenied as error:
        who = f"user {login.user}" if login.user else "the user"
        with_ = f"the key {login.key}" if login.key else "the agent's keys and ~/.ssh/config"
        hint = "put the public key into ~/.ssh/authorized_keys there; a key with a passphrase goes into the agent: ssh-add"
        raise Lost(f"{login}: wanted {who} to be let in with {with_}, found: {error.reason}; {hint}") from error
    except socket.gaierror as error:
        raise SlipwayError(f"{login}: wanted an address, found a name that can't be looked up ({error.strerror}); mend it") from None
    except (TimeoutError, OSError, asyncssh.DisconnectError) as error:
        if other := _of_another_kind(keys):
            raise HostKeyError(keys.changed(other)) from None
        why = getattr(error, "strerror", None) or str(error) or "no answer in time"
        raise Lost(f"{login}: wanted an SSH server, found none that answers ({why}); is it up, and port {login.port} open?") from error
    except (asyncssh.Error, ValueError) as error:
        raise SlipwayError(f"{login}: {error}; mend it (~/.ssh/config is read too)") from None
    if greeter.accepted:
        keys.note(greeter.accepted)
    return made


async def _connected(login: Login, greeter: Greeter, given: dict[str, Any]) -> asyncssh.SSHClientConnection:
    connecting = asyncssh.connect(
        login.address,
        login.port,
        client_factory=lambda: greeter,
        known_hosts=greeter.keys.match,
        ignore_encrypted=True,  # where a key has a passphrase the agent may hold it
        connect_timeout=_CONNECT,
        login_timeout=2 * _CONNECT,
        keepalive_interval=5,
        keepalive_count_max=3,
        **given,
    )
    return await asyncio.wait_for(connecting, 4 * _CONNECT)


def _of_another_kind(keys: HostKeys) -> str:
    """The key of a server that has none of the kinds that are known of it; empty: that isn't so.

    Such a server just hangs up."""
    found = _shown_key(keys.login) if keys.trusted[0] else None
    return keys.shown(found) if found and found not in keys.trusted[0] else ""


def _shown_key(login: Login, kinds: Sequence[str] = ()) -> asyncssh.SSHKey | None:
    """The key that a server shows to anybody; None where it has none of these kinds."""
    try:
        asked = asyncssh.get_server_host_key(login.address, login.port, server_host_key_algs=kinds)
        return wait_for(asyncio.wait_for(asked, _CONNECT))
    except (TimeoutError, OSError, asyncssh.Error):
        return None


def _key(login: Login) -> str:
    path = Path(str(login.key)).expanduser()
    if not path.is_file():
        raise SlipwayError(
            f"slipway:ssh.key: wanted a private key, found no file at {path}; write its path, or leave it out for the agent's"
        )
    return str(path)
