"""One host: its disk, its address, what is asked of it and what happens to it."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from . import cgroups
from .clock import set_clock
from .commands import CommandFailed, Done, run
from .disk import Disk

_ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"]

T = TypeVar("T")


class Machine:
    """Started by its network. Its disk stays until the network is destroyed, whatever is killed meanwhile."""

    def __init__(self, name: str, full_name: str, address: str, link: str, folder: Path) -> None:
        self.name, self.address, self.link = name, address, link
        self.namespace = full_name
        self.disk = Disk(folder)
        self.volume: str | None = None
        self.started = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def console(self) -> str:
        """What it has said since it was first started."""
        return (self.disk.folder / "console.log").read_text(errors="replace")

    def start(self) -> "Machine":
        """Switches it on. `started` is this machine's monotonic clock at that moment."""
        groups = [str(folder) for folder in cgroups.folders(self.namespace)]
        with (self.disk.folder / "console.log").open("ab") as console:
            self.started = time.monotonic()
            self._process = subprocess.Popen(
                [str(Path(__file__).with_name("in-groups.sh")), *groups, "--", *self._nspawn()],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        return self

    def _nspawn(self) -> list[str]:
        network = [f"--network-namespace-path=/run/netns/{self.namespace}", "--capability=CAP_NET_ADMIN", "--resolv-conf=off"]
        volume = [f"--bind={self.volume}"] if self.volume else []
        place = ["--directory", str(self.disk.root), "--machine", self.namespace, "--timezone=off"]
        return ["systemd-nspawn", "--boot", "--register=no", "--keep-unit", "--console=read-only", *network, *volume, *place]

    def run(self, command: Sequence[str], *, text: str | bytes | None = None, check: bool = True, timeout: float = 300) -> Done:
        """As root on the host, with `text` as input; CommandFailed with its words where `check` and it fails."""
        return run(self._enter(command), text=text, check=check, timeout=timeout)

    def shell(self, text: str, *, check: bool = True, timeout: float = 300) -> str:
        """Standard output of a shell script."""
        return self.run(["sh", "-euc", text], check=check, timeout=timeout).stdout

    def _enter(self, command: Sequence[str]) -> list[str]:
        spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
        return ["nsenter", "--target", str(self.leader()), *spaces, "env", "-i", *_ENVIRONMENT, *command]

    def leader(self) -> int:
        """The host's process 1, as this machine numbers it."""
        found = self._leader()
        if found is None:
            raise CommandFailed(f"{self.name} is off\n{self.console[-3000:]}")
        return found

    def _leader(self) -> int | None:
        if self._process is None or self._process.poll() is not None:
            return None
        number = self._process.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        return next((int(one) for one in children if _name(one) == "systemd"), None)

    def wait_booted(self, timeout: float = 60) -> str:
        """`running`, or `degraded` where a unit failed."""
        return self.wait_for(lambda: self._state() if self._leader() else "", ("running", "degraded").__contains__, timeout)

    def _state(self) -> str:
        return self.run(["systemctl", "is-system-running"], check=False).stdout.strip()

    def wait_for_cloud_init(self, timeout: float = 300) -> dict[str, Any]:
        """What cloud-init says of itself when it is done: `status`, `errors`, `recoverable_errors`."""
        self.wait_booted(timeout)
        found: dict[str, Any] = json.loads(
            self.run(["cloud-init", "status", "--wait", "--format", "json"], check=False, timeout=timeout).stdout
        )
        return found

    def wait_for(self, ask: Callable[[], T], good: Callable[[T], bool], timeout: float = 60) -> T:
        """The first good answer; CommandFailed with the last one and the console's end when none came in time."""
        until = time.monotonic() + timeout
        while not good(answer := ask()):
            if time.monotonic() > until:
                raise CommandFailed(f"{self.name}: still {answer!r} after {timeout} s\n{self.console[-3000:]}")
            time.sleep(0.1)
        return answer

    def read(self, path: str) -> bytes:
        """A file's content."""
        done = subprocess.run(self._enter(["cat", path]), capture_output=True, check=False)
        if done.returncode:
            raise CommandFailed(done.stderr.decode(errors="replace"))
        return done.stdout

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """A file with its folders, owned by root."""
        self.run(["install", "-D", "-m", f"{mode:o}", "/dev/stdin", path], text=content)

    def journal(self, unit: str | None = None) -> str:
        """What was logged, by that unit or at all."""
        which = ["--unit", unit] if unit else []
        return self.run(["journalctl", "--no-pager", "--output=short-precise", *which]).stdout

    def last_words(self, unit: str) -> str:
        """The end of that unit's journal, or why there is none: the host may be off, or not up yet."""
        if not self._leader():
            return "off"
        done = self.run(["journalctl", "--no-pager", "--output=short-precise", "--unit", unit], check=False)
        return (done.stdout + done.stderr)[-4000:]

    def in_network(self, command: Sequence[str], *, text: str | None = None, check: bool = True) -> Done:
        """A program of this machine in the host's network alone."""
        return run(["ip", "netns", "exec", self.namespace, *command], text=text, check=check)

    def reboot(self, timeout: float = 300) -> None:
        """As its owner does; back when it is up again."""
        self._down("reboot", timeout)
        self.start().wait_booted(timeout)

    def kill(self) -> None:
        """A power cut: everything ends in the same moment. (What was written is on the disk, synced or not.)"""
        cgroups.remove(self.namespace)
        if self._process:
            self._process.wait(30)

    def stop(self, timeout: float = 300) -> None:
        """Switched off in order; `start()` switches it on again."""
        self._down("poweroff", timeout)

    def _down(self, how: str, timeout: float) -> None:
        # apt holds a lock against it while it installs; then systemd only says so and goes on, or refuses: it is asked again.
        done = self.wait_for(
            lambda: self.run(["systemctl", "--ignore-inhibitors", how], check=False), lambda said: "Access denied" not in said.stderr
        )
        if self._process:
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"{how}: {done.stdout}{done.stderr}\n{self.last_words('init.scope')}") from None
        cgroups.remove(self.namespace)

    def pause(self) -> None:
        """Nothing on it runs; its connections stay."""
        cgroups.freeze(self.namespace, True)

    def resume(self) -> None:
        """Goes on where it was paused."""
        cgroups.freeze(self.namespace, False)

    def cut_off(self) -> None:
        """The cable is out: nothing reaches it and it reaches nobody; nobody is told."""
        run(["ip", "link", "set", self.link, "down"])

    def reconnect(self) -> None:
        """The cable is in again."""
        run(["ip", "link", "set", self.link, "up"])

    def clock(self, seconds: int) -> None:
        """Services that start from now on live so many seconds in the future, or the past; 0: the right time."""
        set_clock(self, seconds)


def _name(process: str) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""
