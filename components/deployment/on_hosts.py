"""`Deployment` on hosts that share a store. In a restore over all of them web hosts have the page
up while the database's host loads it."""

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from components.deployment import Deployment, carried
from components.deployment.answers import Answer, Backups, Instance, Kept, Releases, Restored, Saved, Verdict
from components.errors import SlipwayError, UsageError
from components.hosts import progress
from components.hosts.names import short
from components.hosts.site import Site
from components.hosts.transport import Launched, Transport
from components.rollout import coordinator
from components.rollout.phases.direct import at_once

A = TypeVar("A", bound=Answer)


class HostsDeployment(Deployment):
    """`launched`: hosts whose data Slipway keeps and removes."""

    def __init__(self, site: Site, launched: Sequence[Launched] = ()) -> None:
        self.site, self.launched, self.url = site, launched, site.url

    def status(self) -> Sequence[Instance]:
        told = at_once(_status, self.site.hosts)
        if self.site.follow:
            return told
        try:
            live = coordinator.desired(self.site.store).live
            return [_with(one, behind(one, live)) for one in told]
        except SlipwayError as error:
            return [_with(one, str(error) if one.ok else "") for one in told]

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """One host's lines as they are; several hosts' as they come, after their hosts' names."""
        words, hosts = ["logs", "-n", str(lines), *(["-f"] if follow else [])], self.site.hosts
        if len(hosts) == 1:
            yield from hosts[0].stream(words)
            return
        told: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()

        def pump(host: Transport) -> None:
            try:
                for text in host.stream(words):
                    told.put(f"{short(host.host)} | {text}")
            except Exception as error:  # noqa: BLE001  (raised again in the thread that shows the lines)
                told.put(error)
            told.put(None)

        for host in hosts:
            threading.Thread(target=pump, args=(host,), daemon=True).start()
        for _ in hosts:  # each ends with one None
            while (item := told.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item

    def releases(self) -> Sequence[Releases]:
        return run_all(Releases, self.site.hosts, "releases")

    def rollback(self, release: str | None) -> Verdict:
        return coordinator.rollback(replace(self.site, key=self.key), release)

    def run(self, command: Sequence[str], instance: str | None) -> int:
        for host in self.site.web:
            if instance in (None, host.host, short(host.host)):
                return host.attach(["exec", "--", *command])
        there = ", ".join(short(host.host) for host in self.site.web)
        raise UsageError(f"--host: a web host is wanted, found {instance!r}; there are: {there}")

    def backup(self, reason: str, folder: Path | None = None) -> Saved:
        """The backup of the host with the database. Other web hosts save their folders after it, so
        that they have all files that its rows speak of."""
        hosts = [self.site.database_host, *self._beside]
        saved = run(Saved, hosts[0], "backup", "--reason", reason)
        own = ["--own", *([saved.backup.id] if saved.backup else [])]
        beside = run_all(Saved, hosts[1:], "backup", "--reason", reason, *own) if saved.ok else []
        for one in beside:
            if not one.ok:
                why = f"folders of {short(one.host)}: {one.message}"
                return one.model_copy(update={"message": f"{why}; made before: backup {saved.backup.id}" if saved.backup else why})
            if one.backup:
                progress.note(one.host, f"the app's folders here are saved too, as {one.backup.id}")
        for host, one in zip(hosts, [saved, *beside], strict=False):
            if folder and one.backup:
                carried.take(self.site, host, one, folder)
        return saved.model_copy(update={"path": str(folder)}) if folder else saved

    def bring(self, folder: Path) -> Sequence[str]:
        return carried.give(self.site, self._beside, folder)

    @property
    def _beside(self) -> Sequence[Transport]:
        """The web hosts that have nothing of the database, but folders of their own."""
        return [host for host in self.site.web if host is not self.site.database_host]

    def backups(self) -> Backups:
        return run(Backups, self.site.database_host, "backups")

    def restore(self, backup: str, newer_schema: bool) -> Restored:
        """The outcome of the host with the database, or of the web host that stood in the way. Cut
        off, the first finishes by itself; a web host is let go by whatever runs there next."""
        database, others = self.site.database_host, self._beside
        command = ["restore", backup, *(["--newer-schema"] if newer_schema else [])]
        with self.site.store.lock(f"restore {backup}"):  # no rollout between the phases of another
            if not others:
                return run(Restored, database, *command)
            outcome = None
            try:
                held = next((one for one in run_all(Restored, others, "hold", backup) if not one.ok), None)
                outcome = held or run(Restored, database, *command)
            finally:
                loose = _let_go(others, outcome if outcome and outcome.ok else None)
            if loose is None or not outcome.ok:
                return outcome
            done = f"backup {outcome.backup} is loaded; what was there before is backup {outcome.first}"
            message = f"{done}; but on {short(loose.host)}: {loose.message}"
            return loose.model_copy(update={"message": message, "backup": outcome.backup, "first": outcome.first})

    def maintenance(self, on: bool) -> Sequence[Answer]:
        return at_once(lambda host: run_or_say(Answer, host, "maintenance", "on" if on else "off"), self.site.web)

    def kept(self) -> Sequence[Kept]:
        """A host that can't tell now is no reason to stop."""
        data: list[Kept] = []
        for host in self.launched:
            try:
                data += host.kept()
            except SlipwayError as error:
                data.append(Kept(short(host.host), None, str(error)))
        return data

    def save(self, engine: str, folder: Path) -> Path | None:
        saved = {}
        for host in sorted(self.launched, key=lambda one: one.role != "database"):
            if path := host.save(engine, folder, partial(progress.tell, host.host)):
                saved[host.host] = path
        for name in [*saved][1:]:
            progress.note(name, f"last backup of its folders: {saved[name]}")
        return next(iter(saved.values()), None)

    def remove_data(self) -> None:
        for host in self.launched:
            host.remove(keep_data=False)


def drift(hosts: Sequence[Transport], live: str | None) -> str:
    """One sentence where a host of several that answers serves another release than is wanted."""
    told = at_once(_status, hosts) if len(hosts) > 1 else []
    return next((f"{short(one.host)} {problem}" for one in told if (problem := behind(one, live))), "")


def behind(one: Instance, live: str | None) -> str:
    """What is wrong with a host that missed a release; empty: it didn't."""
    serves = one.live.release if one.live else None
    if not one.ok or live is None or serves == live:
        return ""
    return f"serves {f'release {serves}' if serves else 'nothing'}, wanted {live}: it was away; `./slipway up` brings it up to date"


def _with(one: Instance, problem: str) -> Instance:
    return one.model_copy(update={"problems": [*one.problems, problem]}) if problem else one


def _status(host: Transport) -> Instance:
    status = run_or_say(Instance, host, "status")
    return status.model_copy(update={"role": host.role, "address": host.address})


def _let_go(hosts: Sequence[Transport], done: Restored | None) -> Restored | None:
    """The apps run again, first the one that brings the schema up; the first that isn't well.
    `done`: what they were held for; None: it wasn't done, so nothing is loaded here either."""
    words, migrate = ["let-go", *([f"--load={done.first or ''}"] if done else [])], done and done.migrate
    first = run(Restored, hosts[0], *words, "--migrate") if migrate else None
    if first and not first.ok:
        return first
    others = hosts[1:] if migrate else hosts
    return next((one for one in run_all(Restored, others, *words) if not one.ok), None)


def run(kind: type[A], host: Transport, *words: str) -> A:
    """The host tool's outcome; its steps are reported as they happen. Raises `SlipwayError`."""
    outcome = host.run(words, lambda event: progress.tell(host.host, event))
    given = {key: one for key, one in outcome.items() if one is not None or key not in kind.model_fields}
    try:
        return kind.model_validate({"host": host.host, "ok": False, **given})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        why = f"wanted {where} of the host tool's {words[0]}, found another ({first['msg']})"
        raise SlipwayError(f"{short(host.host)}: {why}; run `./slipway up`") from None


def run_or_say(kind: type[A], host: Transport, *words: str) -> A:
    """Runs it on all of them; a host that can't be reached has an answer that says so."""
    try:
        return run(kind, host, *words)
    except SlipwayError as error:
        return kind(host=host.host, ok=False, message=str(error))


def run_all(kind: type[A], hosts: Sequence[Transport], *words: str) -> list[A]:
    """Each one's outcome, in order. Raises `SlipwayError` where one can't be reached."""
    return at_once(lambda host: run(kind, host, *words), hosts)
