"""The gate: a release is ready when its health path, or where that leads, answers 2xx thrice."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from urllib.parse import urljoin

from ..base import Places, Refused
from ..base.web import UnixConnection
from ..contracts.manifest import Health
from ..contracts.rollout import HttpAnswer
from ..release import manifests

IN_A_ROW = 3
_PAUSE = 0.1
_TRY = 5  # seconds for one answer

Connect = Callable[[], http.client.HTTPConnection]


def over_socket(path: str) -> Connect:
    """Connects to the app server itself."""
    return lambda: UnixConnection(path, timeout=_TRY)


def over_network(address: str, port: int) -> Connect:
    """Connects to the front server, as a user would."""
    return lambda: http.client.HTTPConnection(address, port, timeout=_TRY)


def over_tls(address: str, port: int, domain: str, trusting: ssl.SSLContext | None = None) -> Connect:
    """Connects to the front server by the site's name. Without `trusting` any certificate does."""
    context = trusting or ssl.create_default_context()
    if not trusting:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    def connect() -> http.client.HTTPConnection:
        plain = socket.create_connection((address, port), _TRY)
        connection = http.client.HTTPConnection(domain, port)
        connection.sock = context.wrap_socket(plain, server_hostname=domain)
        return connection

    return connect


def verified(domain: str, port: int) -> Connect:
    """Connects as a browser does: by name, with a certificate that this machine trusts."""
    return lambda: http.client.HTTPSConnection(domain, port, timeout=_TRY)


def resolved(domain: str, port: int) -> set[str]:
    """The addresses that a name has, seen from here; none where it can't be looked up."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(domain, port, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def wait(connect: Connect, health: Health, release: str, dead: Callable[[], str | None], say: Callable[[str], None] | None = None) -> None:
    """Returns after three good answers in a row. Raises `Refused` when time is up, or for what
    `dead()` says. `say` is for the front server, whose maintenance page counts too: it is told."""
    health = replace(health, path=health.public) if say and health.public else health
    deadline = time.monotonic() + float(health.timeout)
    good = 0
    last = HttpAnswer()
    while good < IN_A_ROW:
        last = ask(connect, health)
        good = good + 1 if is_good(last, release) or (say and last.maintenance) else 0
        reason = None if good else dead()
        if reason:
            raise Refused(reason, http=last)
        if not good and time.monotonic() > deadline:
            raise Refused(_timed_out(health, release, last), http=last)
        if not good:
            time.sleep(_PAUSE)
    if say and last.maintenance:
        say("the maintenance page is up: what is behind it was asked on its own socket alone")


def is_good(answer: HttpAnswer, release: str) -> bool:
    """Whether it is 2xx, and from that release."""
    return answer.status is not None and 200 <= answer.status < 300 and answer.release == release


def alive(places: Places, colour: str) -> int:
    """The exit status of a container's health check: 0 where the app of that colour is well."""
    at = places.colour(colour)
    release = at.link.resolve()
    return 0 if is_good(ask(over_socket(str(at.socket)), manifests.read(release).health), release.name) else 1


def ask(connect: Connect, health: Health, hops: int = 3) -> HttpAnswer:
    """Asks at the health path, and where a redirect leads that stays in the app, as to its login;
    never raises for a failure to answer."""
    headers = {"Host": health.host, "X-Forwarded-Proto": health.scheme, "User-Agent": "slipway-gate"}
    try:
        with closing(connect()) as connection:
            connection.request("GET", health.path, headers=headers)
            answer = connection.getresponse()
            body = answer.read(2000).decode("utf-8", "replace")
            maintenance = answer.status == 503 and answer.headers.get("X-Slipway-Maintenance") == "on"
            here = f"{health.scheme}://{health.host}"
            to = urljoin(here + health.path, answer.headers.get("Location", here))
            if hops and answer.status in (301, 302, 303, 307, 308) and to.startswith(f"{here}/"):
                return ask(connect, replace(health, path=to[len(here) :].partition("#")[0]), hops - 1)
            return HttpAnswer(answer.status, " ".join(body.split())[:300], answer.headers.get("X-Release-Id"), maintenance)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return HttpAnswer(body=f"{type(error).__name__}: {error}")


def _timed_out(health: Health, release: str, last: HttpAnswer) -> str:
    wanted = f"{health.path}: wanted 2xx from release {release} within {health.timeout} s, found "
    if last.status is None:
        return wanted + f"no answer ({last.body})"
    if 200 <= last.status < 300:
        return wanted + f"{last.status} from release {last.release or 'unknown'}"
    hint = "; set slipway:app.healthPath to a page that answers 200" if last.status in (301, 302, 303, 307, 308, 401, 403, 404) else ""
    if last.status == 400:
        way = "one of them in slipway:app.healthHost" if health.scheme == "http" else "it, as the domain is the Host"
        hint = f"; it was asked as Host {health.host}: an app that knows its names (TRUSTED_HOSTS, ALLOWED_HOSTS, SERVER_NAME) wants {way}"
    return wanted + f"{last.status} {last.body[:120]!r}{hint}"
