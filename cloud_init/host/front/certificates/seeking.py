"""Gets the certificate when it is due. Run by a timer, and after each release; where there is none yet it is tried again each minute."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from ...base.lock import held
from ...base.outcome import Refused, Steps, note
from ...base.places import Places
from ...contracts.manifest import Tls
from ...processes import managers
from ...release import manifests
from ...rollout import state
from .. import servers
from . import ensure, install, is_due, issued, note_tried, tried

_OWN = "slipway-certificate.service"
_FIRST, _LONGEST = 600, 12 * 3600  # seconds between questions that the authority refused: it counts them


def of_live(places: Places) -> Tls | None:
    """What the release that serves says of TLS."""
    now = state.live(places)
    found = manifests.peek(places.release(now.release)) if now else None
    return found.tls if found else None


def begin(places: Places) -> None:
    """Has the unit look for a certificate now; nothing to do where there is none, or it does so already."""
    if places.root != Path("/") or not Path("/etc/systemd/system", _OWN).exists() or not of_live(places):
        return
    asked = subprocess.run(["systemctl", "show", "--property=SubState", "--value", _OWN], capture_output=True, text=True, check=False)
    if asked.stdout.strip() not in ("start", "start-pre"):
        subprocess.run(["systemctl", "restart", "--no-block", _OWN], check=False)


def run(places: Places, steps: Steps) -> None:
    """Raises `Refused` where the site goes without a certificate; one that can't be renewed yet is only noted."""
    tls = of_live(places)
    if not tls:
        return
    with held(places.lib / "certificates/lock", "certificate"):
        ensure(places, tls)
        if not is_due(places, tls):
            return
        try:
            _seek(places, tls, steps)
        except Refused as refused:
            note_tried(places, tls, problem=str(refused))
            if not issued(places, tls):
                raise
            note(f"not renewed: {refused}")


def _seek(places: Places, tls: Tls, steps: Steps) -> None:
    from . import acme, reach  # `status` asks this module for less

    with steps.step("domain"):
        here = reach.check(places.lib / "acme", tls.domain)
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
        install(places, tls, acme.obtain(places, tls))
        note_tried(places, tls, failures=0, next=0, problem="")
        _tell_front(places)


def _tell_front(places: Places) -> None:
    """Those that read certificates only as they start have to be told."""
    renew = getattr(servers.find(places, places.front), "RENEW", None)
    manager = managers.of(places)
    if renew and manager.running and manager.told("front").runs:
        manager.signal("front", renew)  # by the manager's word: what is noted of it is the app's user's to write
