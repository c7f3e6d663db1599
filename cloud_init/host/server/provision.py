"""The steps of a release that make a server; a machine taken as it is has none. And the
packages that it names, of Debian and Ubuntu or fetched from an address."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Optional

from ..base import Places, Refused, Steps, link, note, processes, web, write
from ..contracts.manifest import Archive, Manifest
from ..front import configuration
from ..processes import managers
from ..rollout import state
from . import system_files

_ENVIRONMENTS = "python3-venv"  # the package that the release's own part waits for
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_MOST = 500_000_000  # bytes
_SNAPS = ("snap/{}", "var/lib/snapd/snaps/{}_*.snap", "var/lib/snapd/seed/snaps/{}_*.snap")  # the last in an image that boots just now
_MASKED = ("apache2.service", "certbot.timer", "mariadb.service", "nginx.service", "postgresql.service")
_TRIES = 4
_LOCK_SECONDS = 600
_LISTS = Path("/var/lib/apt/lists")
_DPKG = ["--force-confdef", "--force-confold"]
_APT = [
    "apt-get", "--quiet", "--yes", "--no-install-recommends",
    "-o", f"DPkg::Lock::Timeout={_LOCK_SECONDS}", "-o", "DPkg::Use-Pty=0", "-o", "Acquire::Retries=3", "-o", "Acquire::Languages=none",
    *(word for option in _DPKG for word in ("-o", f"DPkg::Options::={option}")),
]  # fmt: skip
_QUIET = {
    "DEBIAN_FRONTEND": "noninteractive", "DEBIAN_PRIORITY": "critical", "NEEDRESTART_SUSPEND": "1", "APT_LISTCHANGES_FRONTEND": "none",
    "UCF_FORCE_CONFFOLD": "1", "LC_ALL": "C.UTF-8",
}  # fmt: skip


def ensure(places: Places, manifest: Manifest, steps: Steps, beside: Callable[[], None] = lambda: None) -> None:
    """Brings packages, system files, the manager, and `beside`, at once. Raises `Refused`."""
    with steps.step("laid-out"):
        keep(places, manifest)
    if places.role is None:
        lacking = [] if places.facts.containers else missing(manifest.packages)  # images have them
        if lacking:
            how = f"apt-get install {' '.join(lacking)}"
            raise Refused(f"slipway:app.packages: wanted {', '.join(lacking)} on this machine, found none; install it with: {how}")
        return beside()
    host = manifest.host
    if host is None:
        raise Refused(f"release {manifest.id}: wanted one for servers, found one without the part `host`; publish it for this target")
    with steps.step("packages"):
        first = [name for name in host.packages.get(places.role, ()) if name == _ENVIRONMENTS]
        install([*first, *(manifest.packages if places.role == "web" else ())])
    with ThreadPoolExecutor(1) as other:
        running = other.submit(beside)
        with steps.step("packages"):
            install(host.packages.get(places.role, ()))
        with steps.step("archives"):
            ensure_archives(host.archives.get(places.role, ()))
        with steps.step("system"):
            system_files.run(places, host)
        with steps.step("manager"):
            managers.of(places).install()
    running.result()


def keep(places: Places, manifest: Manifest) -> None:
    """Notes the manager that a host's first release asks for. Raises `Refused` for a release that
    asks for another manager, or front server, than the host was laid out with."""
    pairs: dict[str, tuple[Optional[str], Optional[str]]] = {"manager": (managers.wanted(places, manifest), managers.kept(places))}
    live = state.serving(places)
    if live and not places.facts.containers:  # there the front server is the plan's to replace
        serves = places.release(live).glob("etc/*.conf")
        pairs["front"] = (configuration.kind(Path(file.path) for file in manifest.files), configuration.kind(serves))
    for setting, (wanted, found) in pairs.items():
        if found not in (None, wanted):
            mend = "`./slipway destroy` and `up` lay it out anew (one that holds data itself and stays: by `backup` and `restore`)"
            raise Refused(f"slipway:{setting}: wanted {wanted}, found this host laid out with {found}; set it to {found}, or {mend}")
    write(places.manager, f"{managers.wanted(places, manifest)}\n".encode())


def install(names: Sequence[str]) -> None:
    """Installs what is missing; of `a | b` one. Raises `Refused` with apt's words."""
    new = missing(names)
    if not new:
        return
    for unit in _MASKED:  # before their packages come
        path = Path("/etc/systemd/system") / unit
        if not path.is_symlink() and not path.exists() and not Path("/lib/systemd/system", unit).exists():
            link(path, os.devnull)
    note(f"installing {', '.join(new)}")
    _await_lists()
    if not any(_LISTS.glob("*_Packages*")):
        _update()
    _install(new)


def missing(names: Sequence[str]) -> list[str]:
    """Those that dpkg, asked once, has not, or not completely; none where there is no dpkg."""
    if not shutil.which("dpkg-query"):
        return []
    choices = {name: [one.strip() for one in name.split("|")] for name in names}
    asked = sorted({one for some in choices.values() for one in some})
    done = _run(["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Abbrev}\n", *asked]) if asked else None
    lines = [line.split() for line in done.stdout.splitlines()] if done else []
    there = {words[0] for words in lines if words[1:] == ["ii"]}
    return [some[0] for some in choices.values() if not there.intersection(some)]


def ensure_archives(archives: Sequence[Archive], root: Path = Path("/")) -> None:
    """Installs those that are neither here nor needless. Raises `Refused`."""
    for one in archives:
        if not _NAME.fullmatch(one.package):
            raise Refused(f"manifest: wanted the name of a package, found {one.package[:60]!r}")
        snap = one.instead and any(any(root.glob(pattern.format(one.instead))) for pattern in _SNAPS)
        if missing([one.package]) and not snap:
            _bring(one.package, one.url)


def _bring(package: str, url: str) -> None:
    address = url.replace("{arch}", processes.ended("dpkg", "--print-architecture").stdout.strip())
    note(f"fetching {package} from {address}")
    with tempfile.TemporaryDirectory(prefix="slipway-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # apt reads it as a user of its own
        path = Path(folder, f"{package}.deb")
        try:
            with open(path, "w+b") as file:
                web.into(file, address, _MOST)
        except Refused as refused:
            raise Refused(f"package {package}: {refused}") from None
        name = processes.ended("dpkg-deb", "--field", str(path), "Package").stdout.strip()
        if name != package:
            raise Refused(f"package {package}: {address}: wanted that package, found {name[:100] or 'none'}; correct the address")
        _await_lists()
        _install([str(path)])


def _install(names: list[str]) -> None:
    """Finishes what was interrupted first; fetches lists again that are too old to install from."""
    for number in range(_TRIES):
        if any(Path("/var/lib/dpkg/updates").glob("[0-9]*")):
            _run(["dpkg", "--configure", "-a", *_DPKG])
        done = _run([*_APT, "install", *names])
        if done.returncode == 0:
            return
        if number + 1 < _TRIES:
            note(f"apt-get: {_reason(done)}; tried again")
            time.sleep(2**number)
            _run(["dpkg", "--configure", "-a", *_DPKG])
            _update()
    raise Refused(f"packages {', '.join(names)}: {_reason(done)}", log=done.stdout.splitlines()[-20:])


def _await_lists() -> None:
    """Waits while another run fetches the lists: apt doesn't wait for that lock."""
    until = time.monotonic() + _LOCK_SECONDS
    with open(_LISTS / "lock", "a") as lock:
        while time.monotonic() < until:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                time.sleep(0.1)


def _update() -> None:
    """Fetches the lists. A failure is noted only: it shows when a package can't be had."""
    for number in range(_TRIES):
        _await_lists()
        done = _run([*_APT, "update"])
        if done.returncode == 0:
            return
        note(f"apt-get update: {_reason(done)}")
        time.sleep(2**number)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith(("E:", "Err:", "dpkg: error"))]
    return (named or lines or [f"ended with {done.returncode}"])[-1][:300]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        env={**os.environ, **_QUIET},
    )  # fmt: skip
