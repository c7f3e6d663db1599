"""What can be asked of an app after its launch: commands know `Deployment`, targets give one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn

from components.deployment.answers import Answer, Backups, Instance, Kept, Releases, Restored, Saved, Verdict
from components.errors import UsageError

Verb = Literal["status", "logs", "releases", "rollback", "run", "backup", "backups", "restore", "maintenance"]


class Deployment:
    """What is launched of a stack. A verb that a subclass doesn't define is refused, by `refused`.
    Each reports to `components.hosts.progress`; `SlipwayError` where nobody can be reached."""

    url: str
    """The address at which users reach the app."""
    key: Callable[[], str] = str
    """The key of release ids, from the engine's state; empty where that isn't on this machine."""
    refused: Mapping[Verb, str] = {}
    """What can't be asked here: one sentence each, that says what there is instead."""

    def status(self) -> Sequence[Instance]:
        """What serves, on every instance; one that can't be reached is among them."""
        self.refuse("status")

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """The last lines, without their ends; then, to `follow`, each new one as it comes."""
        self.refuse("logs")

    def releases(self) -> Sequence[Releases]:
        """What can be served again, by instance."""
        self.refuse("releases")

    def rollback(self, release: str | None) -> Verdict:
        """Serves that release again, or the one before, through the gates of a new one."""
        self.refuse("rollback")

    def run(self, command: Sequence[str], instance: str | None) -> int:
        """Runs words in the live release, on this terminal; the exit code. None: any instance."""
        self.refuse("run")

    def backup(self, reason: str, folder: Path | None = None) -> Saved:
        """A checked copy of the database, made as the app runs; copied into a folder here too."""
        self.refuse("backup")

    def backups(self) -> Backups:
        """What can be restored."""
        self.refuse("backups")

    def bring(self, folder: Path) -> Sequence[str]:
        """Takes what another deployment's `backup` copied into a folder; what to restore then."""
        self.refuse("restore")

    def restore(self, backup: str, newer_schema: bool) -> Restored:
        """Loads that backup, after one of what is there; a schema newer than the code's if told."""
        self.refuse("restore")

    def maintenance(self, on: bool) -> Sequence[Answer]:
        """Puts the maintenance page up, or takes it down, on every instance that serves."""
        self.refuse("maintenance")

    def kept(self) -> Sequence[Kept]:
        """Data that Slipway itself put somewhere and that `destroy` leaves."""
        return ()

    def save(self, engine: str, folder: Path) -> Path | None:
        """A last backup, copied into a folder here; None where `remove_data` removes none."""
        return None

    def remove_data(self) -> None:
        """Removes what `kept` names."""

    def refuse(self, verb: Verb) -> NoReturn:
        """Raises `UsageError` with the sentence for that verb, under the command's name."""
        raise UsageError(f"{'exec' if verb == 'run' else verb}: {self.refused[verb]}")
