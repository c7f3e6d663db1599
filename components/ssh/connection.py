"""One server's SSH connection, by OpenSSH's own program, for all commands there while this process
lives. It is made when it is needed, and made again when it was lost. And which host keys a server
may show, and what is said of one that shows another."""

import base64
import hashlib
import os
import re
import select
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from cloud_init.host.base import files
from components.errors import Lost, MissingError, SlipwayError, shown
from components.hosts.transport import Done, Way

_PAUSE = 2  # seconds between attempts
_LET_IN = 60  # seconds in which a server that boots may still refuse its user
_SETTLES = 60  # seconds for an attempt
_OPTIONS: dict[str, str | int] = {
    "BatchMode": "yes", "LogLevel": "ERROR", "ConnectTimeout": 15, "ConnectionAttempts": 1, "RemoteCommand": "none",
    "ServerAliveInterval": 5, "ServerAliveCountMax": 3, "ControlMaster": "auto", "ControlPersist": "no",
    "ClearAllForwardings": "yes", "ForwardAgent": "no", "ForwardX11": "no", "PermitLocalCommand": "no",
    "UserKnownHostsFile": "/dev/null", "GlobalKnownHostsFile": "/dev/null", "UpdateHostKeys": "no",
    "VerifyHostKeyDNS": "no", "CheckHostIP": "no",
    "KnownHostsCommand": """/bin/sh -c 'echo %t %K >&2; echo "$SLIPWAY_KNOWN"'""",  # and tells which key is shown
}  # fmt: skip
_SHARED = {"ProxyCommand": "false", "LogLevel": "ERROR", "EscapeChar": "none"}  # or nothing: none of its own
_SHOWN = re.compile(r"^(?:ssh|ecdsa|sk)-\S+ AAAA\S+$", re.MULTILINE)
_NOT_SHARED = re.compile("^(?:mux_client|Control socket).*", re.MULTILINE)
_REFUSED = re.compile(".*(?:Permission denied|Too many authentication failures).*")
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


class Refused(Lost):
    """A server that answers, and lets nobody in."""


class Connection(Way):
    """The way to one server. `let_in`, `sudo`: what helps a user who isn't let in, or isn't to be
    root there."""

    is_here = False
    let_in = "put the public key into ~/.ssh/authorized_keys there; a key with a passphrase goes into the agent: ssh-add"
    sudo = "run there: echo '{user} ALL=(ALL) NOPASSWD:ALL' | sudo tee /etc/sudoers.d/slipway"

    def __init__(self, login: Login) -> None:
        super().__init__()
        self.login = login
        name = os.urandom(32).hex()  # never that of another one, whose connection may not have ended yet
        self._socket = Path.home() / f".ssh/slipway-{name[:12]}"  # paths of sockets are short
        self._shared = ["ssh", "-F", "none", "-S", str(self._socket), *_given(_SHARED)]
        self._user = ""
        self._become: list[str] | None = None

    def _opened(self, patience: float, say: Callable[[str], None]) -> subprocess.Popen[bytes]:
        began, told = time.monotonic(), ""
        while True:
            try:
                return self._attempt()
            except Lost as error:
                spent = time.monotonic() - began
                if spent > (min(patience, _LET_IN) if isinstance(error, Refused) else patience):
                    raise
                if str(error) != told:
                    told = str(error)
                    say(f"tried again: {told.partition(';')[0]}")
            time.sleep(min(_PAUSE, patience))

    def command(self, words: Sequence[str], root: bool = True, terminal: bool = False) -> list[str]:
        self.open()
        whole = shlex.join([*self.become, *words] if root else words)
        return [*self._shared, "-tt" if terminal else "-T", "server", whole]

    def ended(self, what: str, done: Done) -> Done:
        """255 is the program's own word, unless it is the command's."""
        if done.status != 255:
            return done
        refusal = _NOT_SHARED.search(done.err)
        if not refusal and not subprocess.run([*self._shared, "-O", "check", "server"], capture_output=True, check=False).returncode:
            return done
        self._holds = None
        self._socket.unlink(missing_ok=True)
        why = f" ({refusal[0].strip()})" if refusal else ""
        raise Lost(f"{self.login}: the connection was lost{why} during `{what}`; run it again")

    @property
    def become(self) -> list[str]:
        """What makes a command root's. Raises `MissingError` with the line that lets the user."""
        if self._become is None:
            if self._user != "0" and (asked := self.run(["sudo", "-n", "true"], root=False)).status:
                user = self.run(["id", "-un"], root=False).out.decode().strip()
                mend = self.sudo.format(user=user)
                raise MissingError(f"{self.login}: wanted sudo without a password for {user}, found: {asked.last}; {mend}")
            self._become = [] if self._user == "0" else ["sudo", "-n"]
        return self._become

    def _attempt(self) -> subprocess.Popen[bytes]:
        """`Lost` for what may pass, any other `SlipwayError` for what won't."""
        login = self.login
        command = ["ssh", "-T", "-p", str(login.port), "-S", str(self._socket), *_given(_OPTIONS)]
        command += ["-l", login.user] if login.user else []
        command += ["-i", _key(login.key), "-o", "IdentitiesOnly=yes"] if login.key else []
        command += ["-o", f"ProxyCommand={shlex.join(login.proxy).replace('%', '%%')}"] if login.proxy else []
        name = _name(login, command)
        source, lines = _known(login, name)
        takes_any = login.accept_new and not lines
        checked = {"HostKeyAlias": name, "StrictHostKeyChecking": "accept-new" if takes_any else "yes"}
        if "@cert-authority" not in str(lines):
            checked["HostKeyAlgorithms"] = "-*-cert-*"  # the key itself, not what somebody says of it
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            process = subprocess.Popen(
                [*command, *_given(checked), login.address, "id -u && exec cat"], env={**os.environ, "SLIPWAY_KNOWN": "\n".join(lines)},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
            )  # fmt: skip
            assert process.stdout
            is_heard, *_ = select.select([process.stdout], [], [], _SETTLES)
            greeting = process.stdout.readline().decode(errors="replace").strip() if is_heard else ""
            if not greeting.isdigit():
                process.terminate()
            errors.seek(0)
            said = errors.read().strip()
        found = (_SHOWN.findall(said) or [""])[-1]
        if found and "Host key verification failed" in said:
            raise _refused(login, found, source, lines)
        if not greeting:
            raise self.failed(_SHOWN.sub("", said).replace("NONE NONE", "").strip())
        if not greeting.isdigit():
            mend = "let its start-up files, such as .bashrc, print nothing where no terminal is"
            raise SlipwayError(f"{login}: wanted a number from `id -u`, found {shown(greeting)}; {mend}")
        self._user, self._become = greeting, None
        if takes_any:
            note(login, found)
        return process

    def failed(self, said: str) -> SlipwayError:
        """What to say where no connection was made, by the program's own words."""
        login, why = self.login, (said.splitlines() or ["no answer in time"])[-1]
        if refusal := _REFUSED.search(said):
            who = f"user {login.user}" if login.user else "the user"
            with_ = f"the key {login.key}" if login.key else "the agent's keys and ~/.ssh/config"
            return Refused(f"{login}: wanted {who} to be let in with {with_}, found: {refusal[0].strip()}; {self.let_in}")
        if "Could not resolve hostname" in said:
            return SlipwayError(f"{login}: wanted an address, found a name that can't be looked up ({why}); mend it")
        if "Host key verification failed" in said:
            return HostKeyError(f"{login}: the key of a host on the way is refused ({said}); see `ssh {login.address}`")
        return Lost(f"{login}: wanted an SSH server, found none that answers ({why}); is it up, and port {login.port} open?")


def _name(login: Login, command: Sequence[str]) -> str:
    """What the server's host keys are looked up by, as ~/.ssh/config has it."""
    try:
        done = subprocess.run([*command, "-G", login.address], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MissingError("ssh: wanted the program ssh, found none; install it (Debian: openssh-client)") from None
    if done.returncode:
        raise SlipwayError(f"{login}: {' '.join(done.stderr.split())}; mend it (~/.ssh/config is read too)")
    read = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    return read.get("hostkeyalias") or read["hostname"]


def _given(options: Mapping[str, str | int]) -> list[str]:
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def _key(setting: str) -> str:
    path = Path(setting).expanduser()
    if not path.is_file():
        raise SlipwayError(
            f"slipway:ssh.key: wanted a private key, found no file at {path}; write its path, or leave it out for the agent's"
        )
    return str(path)


_connections: dict[Login, Connection] = {}


def to(login: Login) -> Connection:
    """This process's connection to a server; threads that ask at the same moment get the same."""
    return _connections.setdefault(login, Connection(login))


def of(facts: Mapping[str, Any]) -> Connection:
    """The connection to the server with these facts, which have its login as JSON."""
    given = {name: tuple(one) if isinstance(one, list) else one for name, one in facts["login"].items()}
    return to(Login(**{**given, "host": facts["host"]}))


def _known(login: Login, name: str) -> tuple[str, list[str]]:
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


def _refused(login: Login, key: str, source: str, lines: Sequence[str]) -> HostKeyError:
    """What to say of a key, `ssh-ed25519 AAAA…`, that isn't one of those that are known."""
    pinned = f"{login.pattern} {key}"
    if not lines:
        kind = re.split("[- ]", key.removeprefix("ssh-"))[0]
        look = f"ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub"
        return HostKeyError(
            f"{login}: its host key {_fingerprint(key)} is not known; compare it with what `{look}` "
            f"prints on the server's own console, then pin it in {login.pinned}: '{pinned}'"
        )
    wanted = ", ".join(_fingerprint(one) for marker, one in map(_parts, lines) if marker != "@revoked")
    return HostKeyError(
        f"{login}: THE HOST KEY HAS CHANGED: wanted {wanted} ({source}), found {_fingerprint(key)} "
        f"(its line: '{pinned}'); somebody may stand between, or the server was made anew; "
        f"nothing was sent to it; only if you know why, replace its line in {source}"
    )


def note(login: Login, key: str) -> None:
    """Remembers an accepted key. Many servers are met at once: none takes a line away."""
    path = Path(login.noted)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab", buffering=0, opener=files.private_file) as file:
        file.write(f"{login.pattern} {key}\n".encode())


def _at(name: str, port: int) -> str:
    return name if port == 22 else f"[{name}]:{port}"


def _parts(line: str) -> tuple[str, str]:
    """A line's marker, or nothing, and its key as `ssh-ed25519 AAAA…`."""
    words = line.split() if line.startswith("@") else ["", *line.split()]
    return words[0], " ".join(words[2:4])


def _fingerprint(key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(key.partition(" ")[2])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
