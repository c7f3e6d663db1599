"""A certificate from an authority: certbot asks for this server's key, and nothing of its own is configured on the system."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from ...base.outcome import Refused
from ...base.places import Places
from ...contracts.manifest import Tls
from . import folder

UNIT = "certbot.timer"  # its package's own, which would look after certificates that aren't there
_SECONDS = 300


def obtain(places: Places, tls: Tls) -> bytes:
    """The certificate with those that vouch for it. Raises `Refused` with certbot's words."""
    if not shutil.which("certbot"):
        raise Refused("certbot is not installed on this server")
    with tempfile.TemporaryDirectory() as place:
        try:
            done = subprocess.run(_command(places, tls, Path(place)), capture_output=True, text=True, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise Refused(f"{tls.directory} did not answer within {_SECONDS} s") from None
        if done.returncode:
            raise Refused(f"{tls.directory} gave no certificate: {_why(done.stdout + done.stderr)}", log=done.stderr.splitlines()[-20:])
        return (Path(place) / "chain").read_bytes()


def _command(places: Places, tls: Tls, place: Path) -> list[str]:
    keep = places.lib / "certbot"
    who = ["--email", tls.email, "--no-eff-email"] if tls.email else ["--register-unsafely-without-email"]
    return [
        *("certbot", "certonly", "--non-interactive", "--agree-tos", *who, "--server", tls.directory),
        *("--webroot", "--webroot-path", str(places.lib / "acme"), "--csr", str(folder(places, tls.domain) / "request.der")),
        *("--fullchain-path", str(place / "chain"), "--cert-path", str(place / "one"), "--chain-path", str(place / "others")),
        *("--config-dir", str(keep), "--work-dir", str(keep / "work"), "--logs-dir", str(keep / "log"), "--max-log-backups", "5"),
    ]


def _why(words: str) -> str:
    """The line that says what happened: certbot puts it under `Detail:`, or last."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    told = [line.partition(":")[2].strip() for line in lines if line.startswith("Detail:")]
    plain = [line for line in lines if not line.startswith(("Ask for help", "See the logfile", "Saving debug log"))]
    return (told or plain or ["no reason given"])[-1][:300]
