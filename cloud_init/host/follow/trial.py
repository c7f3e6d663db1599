"""Another version of this tool takes this one's place: checked, on trial. While `before.pyz` is
there `start.sh` counts starts, and takes back a tool that doesn't stay up."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from ..base import Places, Refused, read_text, unlink, write
from ..base.files import link_beside
from ..release.manifests import HostStore

CALM = 10  # seconds that `watch` must run to count as up
_CHECK = 60


def present(places: Places) -> str:
    """The SHA-256 of the tool in place, in hex."""
    return hashlib.sha256(places.tool.read_bytes()).hexdigest()


def fetch(places: Places, store: HostStore, wanted: str) -> Path:
    """Brings that tool beside the present one, whole and checked. Raises `Refused`."""
    if wanted in _refused(places):
        raise Refused(f"tool {wanted[:12]}: was tried on this host before and did not work; publish a mended one")
    data = store.objects.get(f"releases/tool/{wanted}.pyz")
    found = "nothing" if data is None else hashlib.sha256(data).hexdigest()
    if data is None or found != wanted:
        raise Refused(f"tool {wanted[:12]}: wanted that SHA-256 in the store, found {found[:12]}; run `up` again")
    path = places.tool.with_name("next.pyz")
    write(path, data)
    command, out = [sys.executable, "-I", str(path), "--root", str(places.root), "check"], subprocess.PIPE
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=_CHECK, check=False)
        why = (done.stdout.decode(errors="replace").strip() or f"exit status {done.returncode}") if done.returncode else ""
    except subprocess.TimeoutExpired:
        why = f"no answer in {_CHECK} s"
    if why:
        write(places.tool.with_name("refused"), "".join(f"{one}\n" for one in [*_refused(places), wanted]).encode())
        last = why.splitlines()[-1][:300]
        raise Refused(f"tool {wanted[:12]}: does not work on this host ({last}); the one before it stays", log=why.splitlines()[-20:])
    return path


def adopt(places: Places, path: Path) -> NoReturn:
    """Goes on as the tool at `path`, in this process."""
    unlink(places.tool.with_name("starts"))
    link_beside(places.tool, places.tool.with_name("before.pyz"))
    path.rename(places.tool)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-I", str(places.tool), "--root", str(places.root), "watch"])


def passed(places: Places) -> None:
    """Ends the trial of a tool that stayed up."""
    unlink(places.tool.with_name("before.pyz"))


def on_trial(places: Places) -> bool:
    return places.tool.with_name("before.pyz").is_file()


def _refused(places: Places) -> list[str]:
    return read_text(places.tool.with_name("refused")).split()
