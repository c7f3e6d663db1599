"""A release as it is published: all that is no secret of it."""

import hashlib
from dataclasses import dataclass, field
from typing import Optional

from . import LEFT_OUT

INSTALL, REGISTRY = "SLIPWAY_INSTALL", "SLIPWAY_REGISTRY"
"""Names among a release's secrets: what its installer alone is told, a registry's login. JSON."""
LOGINS = "SLIPWAY_LOGINS"
"""The name among them of the passwords of those who may come in: names and texts, as JSON."""
TLS = "SLIPWAY_TLS"
"""The name among them of what belongs to the project's own certificate: its `key`, as JSON."""
NOT_THE_APPS = frozenset((INSTALL, REGISTRY, TLS))
"""What among them no process of the app is given."""


@dataclass(frozen=True)
class Code:
    """The app's sources, in `releases/code/ID.tar.gz`."""

    id: str
    """Derived as docs/architecture.md says."""
    sha256: str
    """Hash of the tar stream: not of its compression, which differs between machines."""
    bytes: int = 0
    """Length of the tar stream."""
    kept: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """Paths in the app's folder that are in it whatever ignore files say: what a build made."""


@dataclass(frozen=True)
class File:
    """A file of a release, rendered by `cloud_init`."""

    path: str
    """`files/…`, written as it is, or `etc/…`, where the host fills in `@@ROOT@@` and so on."""
    content: str
    mode: str = "0644"
    """Octal."""


@dataclass(frozen=True)
class SystemFile:
    """A file of the system of a host, in one of a few folders of `/etc`."""

    path: str
    """Absolute; which ones may be says `cloud_init/host/server/system_files.py`."""
    content: str
    apply: str
    """The kind of file, from `cloud_init/host/server/system_files.py`, which puts it in force."""
    mode: str = "0644"
    """Octal."""


@dataclass(frozen=True)
class Archive:
    """A Debian package that no distribution has."""

    package: str
    url: str
    """https; `{arch}` in it is the host's architecture as dpkg names it."""
    instead: Optional[str] = None
    """A snap that makes it needless where it is there."""


@dataclass(frozen=True)
class HostPart:
    """What a server is beside the app. Each by role (`web`, `database`)."""

    packages: dict[str, tuple[str, ...]]
    """Names in Debian and Ubuntu; `one | other`: the first, unless any of them is there already."""
    system: dict[str, tuple[SystemFile, ...]]
    manager: str = "supervisor"
    """The file in `cloud_init/host/processes/managers/`; from `slipway:manager`."""
    archives: dict[str, tuple[Archive, ...]] = field(default_factory=dict)


DOMAIN_NAME = r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
"""A host name in small letters with a dot in it, at most 253 of them; an address is none."""


@dataclass(frozen=True)
class Tls:
    """A certificate by ACME, or the project's own."""

    domain: str
    directory: str
    """The authority's address."""
    email: Optional[str] = None
    peers: tuple[str, ...] = ()
    """Addresses of all web hosts where there are several: any of them may hold a challenge."""
    strict: bool = False
    """A deployment without the certificate is a failed one."""
    port: int = 443
    aliases: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """Other names in the certificate, from which the front leads to the domain."""
    certificate: str = field(default="", metadata=LEFT_OUT)
    """The project's own, PEM, with those that lead to its authority; empty: by ACME."""

    @property
    def folder(self) -> str:
        """The name of the certificate's folder on a host. Each of the project's own has another,
        which never changes: no front reads it with another one's key."""
        return f"{self.domain}/{hashlib.sha256(self.certificate.encode()).hexdigest()[:12]}" if self.certificate else self.domain


@dataclass(frozen=True)
class DatabasePart:
    """The place of a release's database; its passwords are in `secrets/`."""

    engine: str
    """`none`, `sqlite`, `postgres` or `mysql`."""
    placement: str = "same-host"
    """`same-host`, `own-host`, `managed` or `external`."""
    driver: str = ""
    """Pinned requirements of what asks the database for the host tool."""
    address: Optional[tuple[str, int]] = field(default=None, metadata=LEFT_OUT)
    """IP address and port of a database host."""
    clients: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """Networks of the web hosts, which alone may connect to a database host."""
    volume: Optional[str] = field(default="", metadata=LEFT_OUT)
    """The disk of a database host for the data alone, such as `/dev/disk/by-id/…`; null: none."""
    authority: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The authorities of the server's certificate: PEM, or the https address of a list."""
    extensions: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """PostgreSQL's, made before the release command."""
    app_may_migrate: bool = field(default=False, metadata=LEFT_OUT)
    """The app connects as the owner."""


@dataclass(frozen=True)
class Health:
    """How a release is asked whether it is well: 2xx with its id, three times in a row."""

    path: str
    host: str
    """The `Host` header; from `slipway:domain`, else the target's address."""
    timeout: float
    """Seconds until a release that isn't well is refused."""
    scheme: str = field(default="http", metadata=LEFT_OUT)
    """`https` behind TLS: apps may send others there. It travels as `X-Forwarded-Proto`."""
    public: Optional[str] = field(default=None, metadata=LEFT_OUT)
    """The path that answers whoever asks, where the app's own are closed."""


@dataclass(frozen=True)
class Manifest:
    """A release without its secrets, `releases/ID/manifest.json`; immutable.

    From settings and the app's folder (components/release/core.py)."""

    module: str
    """`package.module:callable`."""
    code: Code
    files: tuple[File, ...]
    requirements: tuple[str, ...]
    """The app's, then the server's, which win; each the text of a requirements file."""
    environment: dict[str, str]
    """The public part; the secret one is in `secrets/web/ID.json`."""
    database: DatabasePart
    processes: dict[str, str]
    """Shell commands by name, `cron` among them; a host keeps those that it runs."""
    health: Health
    static: dict[str, str]
    """Folders of the app by URL path."""
    id: str = field(default="", metadata=LEFT_OUT)
    """Left out until it is known, and not covered by itself."""
    schema: int = 1
    """Version of this document: another number is refused."""
    tool: Optional[str] = None
    """SHA-256 of the host tool, `releases/tool/SHA256.pyz`, that this release comes with."""
    python: Optional[str] = None
    """Version that the app wants, such as `3.13`; null: the host's."""
    release_command: Optional[str] = None
    """Run once for each release before the gate, such as `flask db upgrade`."""
    host: Optional[HostPart] = None
    """null on a machine that is taken as it is."""
    tls: Optional[Tls] = None
    """null without a certificate of the host's own."""
    data: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """Folders inside the app that outlive releases."""
    packages: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """Debian packages that web hosts have before the requirements are installed."""
    constraints: str = field(default="", metadata=LEFT_OUT)
    """The text of a constraints file for the app's requirements."""
