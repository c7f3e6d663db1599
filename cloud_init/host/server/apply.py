"""Puts system files in force: `_KINDS` says how, by the manifest's `apply`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..base.outcome import Refused, note

_PATIENCE = 150  # seconds: longer than any unit takes to stop
_UNITS = (".service", ".timer", ".socket", ".path", ".mount")
_SSHD = ("passwordauthentication no", "kbdinteractiveauthentication no")
_TIMESYNCD = "systemd-timesyncd.service"


class Kind(NamedTuple):
    """One kind of system file. Both functions raise `Refused`."""

    apply: Callable[[list[Path]], object]
    """Called with the files that are new or changed; with none if some of the kind are gone."""
    withdraw: Callable[[list[Path]], object] = lambda paths: None
    """Called with the files that are about to be removed."""


def kind(name: str) -> Kind:
    """The kind of that name. Raises `Refused` for a name that this tool doesn't know."""
    if name not in _KINDS:
        raise Refused(f"manifest: wanted one of {', '.join(sorted(_KINDS))} to put a system file in force, found {name!r}")
    return _KINDS[name]


def run(*command: str) -> str:
    """The output of a program of the system. Raises `Refused` with its words."""
    try:
        done = ended(*command)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).splitlines()[-20:]
        raise Refused(f"{' '.join(command)}: exit {done.returncode}{': ' + words[0][:200] if words else ''}", log=words)
    return done.stdout


def ended(*command: str) -> subprocess.CompletedProcess[str]:
    """A program of the system once it has ended, well or not."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False, timeout=_PATIENCE
    )  # fmt: skip


def _load_rules(paths: list[Path]) -> None:
    """Each file is a transaction of the kernel. All are checked first."""
    for path in paths:
        run("nft", "--check", "--file", str(path))
    for path in paths:
        run("nft", "--file", str(path))


def _delete_table(paths: list[Path]) -> None:
    if "table inet slipway" in run("nft", "list", "tables").splitlines():
        run("nft", "delete", "table", "inet", "slipway")


def _reload_sshd(paths: list[Path]) -> None:
    """Checked first, because a wrong word would lock everybody out. Open sessions stay.
    An sshd that is started by its socket reads its files by itself."""
    if not Path("/usr/sbin/sshd").exists():
        return
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # made by its unit, which may not have run yet
    run("/usr/sbin/sshd", "-t")
    in_force = run("/usr/sbin/sshd", "-T").splitlines()
    for missing in [line for line in _SSHD if paths and line not in in_force]:
        note(f"sshd: {missing!r} is not in force: /etc/ssh/sshd_config says otherwise before it includes sshd_config.d")
    if shutil.which("systemctl"):
        run("systemctl", "try-reload-or-restart", "ssh.service")


def _start_units(paths: list[Path]) -> None:
    """Reads all units once, since that takes its time; starts those of a boot anew."""
    units = _of_a_boot(paths)
    if units:
        run("systemctl", "reenable", "--no-reload", *units)
    run("systemctl", "daemon-reload")
    if units:
        run("systemctl", "restart", *units)


def _stop_units(paths: list[Path]) -> None:
    if units := _of_a_boot(paths):
        run("systemctl", "disable", "--no-reload", "--now", *units)


def _of_a_boot(paths: list[Path]) -> list[str]:
    """The names of the units with a section `[Install]`."""
    return [path.name for path in paths if path.suffix in _UNITS and "\n[Install]\n" in path.read_text(encoding="utf-8")]


def _restart_timesyncd(paths: list[Path]) -> None:
    """Enables it too, which no package does. Another time keeper is left alone."""
    if Path("/usr/lib/systemd/systemd-timesyncd").exists() and paths:
        run("systemctl", "enable", _TIMESYNCD)
        run("systemctl", "restart", _TIMESYNCD)


_KINDS = {
    # apt reads its files anew each time: all there is to do is to see that it can.
    "apt": Kind(lambda paths: run("apt-config", "dump")),
    # A restart keeps what was written, and the sockets hold what is said meanwhile.
    "journald": Kind(lambda paths: run("systemctl", "try-restart", "systemd-journald.service")),
    "nftables": Kind(_load_rules, _delete_table),
    "sshd": Kind(_reload_sshd),
    # systemd's own unit leaves out what a container can't set. The next boot brings defaults back.
    "sysctl": Kind(lambda paths: run("systemctl", "restart", "systemd-sysctl.service")),
    "systemd": Kind(_start_units, _stop_units),
    "timesyncd": Kind(_restart_timesyncd),
}
