"""An authority's certificate, by ACME: certbot asks for one for this server's key. A timer and each
release run this; where there is no certificate yet it is tried each minute."""

import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from ...base import Places, Refused, Steps, note, tell, write
from ...base.lock import held
from ...contracts.manifest import Health, Tls
from ...processes import managers
from ...processes.managers import systemd
from ...rollout import gate
from .. import servers
from . import ensure, folder, install, is_due, issued, note_tried, of_live, tried

CHALLENGES = ".well-known/acme-challenge"
_OWN = "slipway-certificate.service"
_FIRST, _LONGEST = 600, 12 * 3600  # seconds between questions that the authority refused: it counts them
_CERTBOT = 300  # seconds that the authority may take
_PORT = 80  # the authority's choice


def begin(places: Places) -> None:
    """Has the unit, where there is one, ask for a certificate now."""
    if places.root != Path("/") or not Path("/etc/systemd/system", _OWN).exists() or not of_live(places):
        return
    if systemd.call("show", "--property=SubState", "--value", _OWN).stdout.strip() not in ("start", "start-pre"):
        systemd.call("restart", "--no-block", _OWN)


def command(places: Places) -> None:
    """Gets a certificate where one is due. Raises `Refused` where the site goes without. Runs
    without the host's lock: it takes its time, and a release must not wait."""
    tls = of_live(places)
    if tls and not tls.certificate:
        with held(places.lib / "certificates/lock", "certificate"):
            ensure(places, tls)
            try:
                if is_due(places, tls):
                    _request(places, tls, Steps())
            except Refused as refused:
                note_tried(places, tls, problem=str(refused))
                if not issued(places, tls):
                    raise
                note(f"not renewed: {refused}")
    tell({"ok": True})


def _request(places: Places, tls: Tls, steps: Steps) -> None:
    with steps.step("domain"):
        here = all([leads_here(places.lib / "acme", name) for name in (tls.domain, *tls.aliases)])
        before = tried(places, tls)
        if here and not before.get("here"):  # what was refused before it led here doesn't count
            before = {}
        note_tried(places, tls, here=here)
        if time.time() < before.get("next", 0):
            raise Refused(str(before.get("problem") or "the authority refused before"))
    with steps.step("certificate"):
        failures = int(before.get("failures", 0)) + 1
        pause = min(_LONGEST, _FIRST * 2 ** min(failures - 1, 10))
        note_tried(places, tls, failures=failures, next=time.time() + pause)
        install(places, tls, _obtain(places, tls))
        note_tried(places, tls, failures=0, next=0, problem="")
        _tell_front(places)


def _tell_front(places: Places) -> None:
    """Signals a front server that reads certificates only as it starts."""
    renew = servers.SERVERS[servers.find(places, places.front)].renew
    manager = managers.of(places)
    if renew and manager.running and manager.status("front").runs:
        manager.signal("front", renew)  # by the manager's word: what is noted of it is the app's user's to write


def leads_here(root: Path, domain: str, port: int = _PORT) -> bool:
    """Asks as the authority will, which counts its refusals. False where that can't be seen, as not
    every server reaches its own public address. Raises `Refused` where it leads elsewhere."""
    addresses = sorted(gate.resolved(domain, port))
    if not addresses:
        raise Refused(f"{domain} has no address yet; set its A record (AAAA for IPv6) to this server's public address")
    name = secrets.token_urlsafe(16)
    path = root / CHALLENGES / name
    write(path, name.encode())
    try:
        answer = gate.ask(gate.over_network(domain, port), Health(f"/{CHALLENGES}/{name}", domain, 0))
    finally:
        path.unlink()
    if answer.status is None:
        return False
    if answer.body != name:
        raise Refused(f"{domain} leads to {', '.join(addresses)}, where another server answers; set it to this server's address")
    return True


def _obtain(places: Places, tls: Tls) -> bytes:
    """Returns the certificate chain. Raises `Refused` with certbot's words."""
    if not shutil.which("certbot"):
        raise Refused("certbot is not installed on this server")
    keep = places.lib / "certbot"
    who = ["--email", tls.email, "--no-eff-email"] if tls.email else ["--register-unsafely-without-email"]
    with tempfile.TemporaryDirectory() as place:
        command = [
            *("certbot", "certonly", "--non-interactive", "--agree-tos", *who, "--server", tls.directory),
            *("--webroot", "--webroot-path", str(places.lib / "acme"), "--csr", str(folder(places, tls) / "request.der")),
            *("--fullchain-path", f"{place}/chain", "--cert-path", f"{place}/one", "--chain-path", f"{place}/others"),
            *("--config-dir", str(keep), "--work-dir", str(keep / "work"), "--logs-dir", str(keep / "log"), "--max-log-backups", "5"),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_CERTBOT)
        except subprocess.TimeoutExpired:
            raise Refused(f"{tls.directory} did not answer within {_CERTBOT} s") from None
        if done.returncode:
            raise Refused(f"{tls.directory} gave no certificate: {_why(done.stdout + done.stderr)}", log=done.stderr.splitlines()[-20:])
        return (Path(place) / "chain").read_bytes()


def _why(words: str) -> str:
    """The line that says what happened: certbot puts it under `Detail:`, or last."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    told = [line.partition(":")[2].strip() for line in lines if line.startswith("Detail:")]
    plain = [line for line in lines if not line.startswith(("Ask for help", "See the logfile", "Saving debug log"))]
    return (told or plain or ["no reason given"])[-1][:300]
