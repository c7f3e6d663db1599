"""The site's certificate: its own until an authority's is there, then that one, renewed in time.

`LIB/certificates/DOMAIN/` has `key.pem` (one key for all, so that whatever certificate is there
fits), `certificate.pem`, and `issued` once that is an authority's: fronts send plain HTTP to HTTPS
from then on. `state.json` is what was tried last. The project's own is in a folder below.

An authority's comes by ACME: certbot asks for one for this server's key. A timer and each release
run `command`; where there is no certificate yet it is tried each minute."""

import grp
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Optional

from ..base import Places, Refused, Steps, front_group, note, read_object, read_text, refusal, remove, tell, write, write_json
from ..base.lock import held
from ..base.processes import run
from ..contracts.manifest import Health, Tls
from ..processes import managers
from ..processes.managers import systemd
from ..release import manifests
from ..rollout import gate, state
from . import configuration

_CHALLENGES = ".well-known/acme-challenge"
_OWN = "slipway-certificate.service"
_FIRST, _LONGEST = 600, 12 * 3600  # seconds between questions that the authority refused: it counts them
_CERTBOT = 300  # seconds that the authority may take
_PORT = 80  # the authority's choice
_YEARS = 3650
_SOON = 30  # days before its end from which one of the project's own is told of


def folder(places: Places, tls: Tls) -> Path:
    """The folder of all that is about that certificate."""
    return places.lib / "certificates" / tls.folder


def of_live(places: Places) -> Optional[Tls]:
    """The part `tls` of the release that serves."""
    now = state.live(places)
    found = manifests.peek(places.release(now.release)) if now else None
    return found.tls if found else None


def ensure(places: Places, tls: Tls, own_key: str = "") -> None:
    """Makes a key, the request for a certificate, and a certificate to begin with, if missing; or
    lays down the project's own certificate with `own_key`."""
    place = folder(places, tls)
    place.mkdir(parents=True, exist_ok=True)
    key, request, certificate = place / "key.pem", place / "request.der", place / "certificate.pem"
    if tls.certificate:
        if read_text(key) != own_key:  # one that serves is not written again: the front reads it at any time
            write(key, own_key.encode(), 0o600)
        _share(key)
        install(places, tls, tls.certificate.encode())
        return
    (places.lib / "acme").mkdir(exist_ok=True)
    named = ("-subj", "/", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in (tls.domain, *tls.aliases)))
    if not key.is_file():
        write(key, run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").encode(), 0o600)
        certificate.unlink(missing_ok=True)
    _share(key)
    if not certificate.is_file():
        (place / "issued").unlink(missing_ok=True)
        write(certificate, run("openssl", "req", "-x509", "-new", "-key", str(key), "-days", str(_YEARS), *named).encode())
    run("openssl", "req", "-new", "-key", str(key), "-outform", "DER", "-out", str(request), *named)


def install(places: Places, tls: Tls, chain: bytes) -> float:
    """Puts an authority's certificate in force; returns until when it is good. Raises `Refused`."""
    place = folder(places, tls)
    new = place / "new.pem"
    write(new, chain)
    if run("openssl", "x509", "-in", str(new), "-noout", "-pubkey") != run("openssl", "pkey", "-in", str(place / "key.pem"), "-pubout"):
        raise Refused(f"the certificate of {tls.domain} is not for this server's key; not used")
    until = expires(new)
    new.rename(place / "certificate.pem")
    write_json(place / "issued", {"directory": tls.directory, "names": [tls.domain, *tls.aliases], "at": time.time(), "until": until})
    return until


def issued(places: Places, tls: Tls) -> dict[str, Any]:
    """Directory, time and end of the certificate in force; empty while it isn't the authority's."""
    found = read_object(folder(places, tls) / "issued")
    return found if found.get("directory") == tls.directory else {}


def is_due(places: Places, tls: Tls) -> bool:
    """Whether there is no certificate for all names, or the last third of its time has begun. The
    project's own never is: a new one comes with a release."""
    found = issued(places, tls)
    if tls.certificate or not found:
        return not tls.certificate
    return bool(found["names"] != [tls.domain, *tls.aliases] or time.time() > found["until"] - (found["until"] - found["at"]) / 3)


def expires(path: Path) -> float:
    """When the first certificate in a file ends."""
    words = run("openssl", "x509", "-in", str(path), "-noout", "-enddate")
    return float(ssl.cert_time_to_seconds(words.strip().partition("=")[2]))


def note_tried(places: Places, tls: Tls, **values: Any) -> None:
    """Adds to what is known of the tries."""
    path = folder(places, tls) / "state.json"
    write_json(path, {**read_object(path), "at": time.time(), **values})


def tried(places: Places, tls: Tls) -> dict[str, Any]:
    """What came of the tries so far."""
    return read_object(folder(places, tls) / "state.json")


def problem(places: Places, tls: Optional[Tls]) -> str:
    """What is wrong, in one line; nothing while all is well, or where no certificate is wanted."""
    if not tls:
        return ""
    found, said = issued(places, tls), str(tried(places, tls).get("problem") or "")
    if not found:
        return f"{tls.domain}: no certificate yet: {said or 'it was not asked for yet'}"
    days = (found["until"] - time.time()) / 86400
    if tls.certificate and days < _SOON:
        said = "renew slipway:tls.certificate and slipway:secretTls.key, then run `up`"
        return f"the certificate of {tls.domain} {f'ends in {days:.0f} days' if days > 0 else 'has ended'}: {said}"
    return f"the certificate of {tls.domain} ends in {days:.0f} days: {said}" if said and is_due(places, tls) else ""


def prune(places: Places) -> None:
    """Removes the project's own certificates that no release here has any more."""
    found = [manifests.peek(one) for one in (places.srv / "releases").iterdir()]
    used = {folder(places, one.tls) for one in found if one and one.tls}
    for key in (places.lib / "certificates").glob("*/*/key.pem"):
        if key.parent not in used:
            remove(key.parent)


def _share(key: Path) -> None:
    """With nginx's workers, where this host has their group."""
    if os.geteuid() == 0 and (group := front_group()):
        os.chown(key, 0, grp.getgrnam(group).gr_gid)
        key.chmod(0o640)


def ask_now(places: Places) -> None:
    """Has the unit, where there is one, ask for a certificate now."""
    if places.root != Path("/") or not Path("/etc/systemd/system", _OWN).exists() or not of_live(places):
        return
    if systemd.call("show", "--property=SubState", "--value", _OWN).stdout.strip() not in ("start", "start-pre"):
        systemd.call("restart", "--no-block", _OWN)


def command(places: Places) -> int:
    """Gets a certificate where one is due. Raises `Refused` where the site goes without. Runs
    without the host's lock: it takes its time, and a release must not wait."""
    tls, steps = of_live(places), Steps()
    if tls and not tls.certificate:
        with held(places.lib / "certificates/lock", "certificate"):
            ensure(places, tls)
            try:
                if is_due(places, tls):
                    _request(places, tls, steps)
            except Refused as refused:
                note_tried(places, tls, problem=str(refused))
                if not issued(places, tls):
                    tell(refusal(refused, steps.of(refused)))
                    return 1
                note(f"not renewed: {refused}")
    tell({"ok": True})
    return 0


def _request(places: Places, tls: Tls, steps: Steps) -> None:
    with steps.step("domain"):
        here = all([_leads_here(places.lib / "acme", name) for name in (tls.domain, *tls.aliases)])
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
    renew = configuration.SERVERS[configuration.serving(places)].renew
    manager = managers.of(places)
    if renew and manager.running and manager.status("front").runs:
        manager.signal("front", renew)  # by the manager's word: what is noted of it is the app's user's to write


def _leads_here(root: Path, domain: str) -> bool:
    """Asks as the authority will, which counts its refusals. False where that can't be seen, as not
    every server reaches its own public address. Raises `Refused` where it leads elsewhere."""
    addresses = sorted(gate.resolved(domain, _PORT))
    if not addresses:
        raise Refused(f"{domain} has no address yet; set its A record (AAAA for IPv6) to this server's public address")
    name = secrets.token_urlsafe(16)
    path = root / _CHALLENGES / name
    write(path, name.encode())
    try:
        answer = gate.ask(gate.over_network(domain, _PORT), Health(f"/{_CHALLENGES}/{name}", domain, 0))
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
