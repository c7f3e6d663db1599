"""The one writer of `desired.json`: proposes a release, hears the hosts, commits for all or aborts for all."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cloud_init.host import gate, manifests
from cloud_init.host.lock import actor
from cloud_init.host.outcome import Refused
from components import progress
from components.errors import SlipwayError
from components.store import Conflict, Store, damaged, get_json, to_json
from components.target import DayTwo
from components.transport import Transport

DESIRED = "desired.json"
KEPT = 5  # releases in the store that can be rolled back to
_HISTORY = 20


@dataclass(frozen=True)
class Verdict:
    """How a rollout ended: `live` is what serves now; `message` tells everything a person needs when it isn't `ok`."""

    ok: bool
    message: str
    release: str
    live: str | None


@dataclass(frozen=True)
class Desired:
    """What the store wants, with the exact bytes it was read from."""

    data: bytes | None
    value: Mapping[str, Any]

    @property
    def live(self) -> str | None:
        return self.value.get("live")

    @property
    def generation(self) -> int:
        return int(self.value.get("generation", 0))


def desired(store: Store) -> Desired:
    """The store's present wish."""
    data = store.get(DESIRED)
    value = get_json(store, DESIRED) or {} if data is not None else {}
    history = value.get("history", [])
    sound = isinstance(history, list) and all(isinstance(entry, dict) and isinstance(entry.get("release"), str) for entry in history)
    if not sound or type(value.get("generation", 0)) is not int or not isinstance(value.get("live"), str | None):
        raise damaged(DESIRED, "generation, live or history are no such things")
    return Desired(data, value)


def roll(day: DayTwo, release: str, by: str = "up", publish: Callable[[], None] | None = None) -> Verdict:
    """Brings `release` to every host, or leaves what serves as it is.

    `publish` puts it into the store first, under the lock: another rollout's clean-up removes what never served.
    """
    with day.store.lock(f"{by} {release}"):
        if publish:
            publish()
        try:
            return _Rollout(day, release, by).run()
        except Conflict:
            message = "somebody else changed what is wanted meanwhile; look at `slipway status`, then run it again"
            return Verdict(False, message, release, desired(day.store).live)


def rollback(day: DayTwo, release: str | None = None) -> Verdict:
    """Brings back a release that served before: the last one, or the one named."""
    wanted = release or _before(day.store)
    known = [str(entry["release"]) for entry in desired(day.store).value.get("history", [])]
    if get_json(day.store, f"releases/{wanted}/manifest.json") is None:
        raise SlipwayError(f"rollback: wanted a kept release, found {wanted!r}; kept: {', '.join(dict.fromkeys(known)) or 'none'}")
    return roll(day, wanted, by="rollback")


def _before(store: Store) -> str:
    now = desired(store)
    for entry in reversed(now.value.get("history", [])):
        if entry["release"] != now.live and store.get(f"releases/{entry['release']}/manifest.json") is not None:
            return str(entry["release"])
    raise SlipwayError("rollback: wanted a release that served before this one, found none; see `slipway releases`")


class _Rollout:
    def __init__(self, day: DayTwo, release: str, by: str) -> None:
        self.store, self.hosts, self.url = day.store, day.hosts, day.url
        self.release, self.by = release, by
        manifest = get_json(day.store, f"releases/{release}/manifest.json")
        if manifest is None:
            raise SlipwayError(f"store: wanted the manifest of release {release}, found none; run `up` again to publish it")
        if why := manifests.problem(manifest, release):
            raise damaged(f"releases/{release}/manifest.json", why)
        self.health = dict(manifest["health"])

    def run(self) -> Verdict:
        before = desired(self.store)
        wish = self._write(before, candidate=self.release, live=before.live, elected=self.hosts[0].host)
        failed = self._phase("prepare", wish.generation, self.release)
        if failed:
            wish = self._withdraw(wish, before.live, failed)
            self._phase("abort", wish.generation)
            return self._refused(failed, before.live)
        wish = self._write(wish, candidate=None, live=self.release)
        failed = self._phase("commit", wish.generation, self.release) or self._public()
        if failed:
            self._undo(wish, before.live, failed)
            return self._refused(failed, before.live)
        self._prune(wish)
        return Verdict(True, "", self.release, self.release)

    def _write(self, before: Desired, **wish: Any) -> Desired:
        """The next generation, if nobody wrote since `before`."""
        history = list(before.value.get("history", []))
        stamp = {"by": self.by, "actor": actor(), "at": time.time()}
        if wish["live"] and wish["live"] != before.live:
            history.append({"release": wish["live"], **stamp})
        value = {"generation": before.generation + 1, **wish, **stamp, "history": history[-_HISTORY:]}
        data = to_json(value)
        self.store.replace(DESIRED, before.data, data)
        return Desired(data, value)

    def _phase(self, command: str, generation: int, *release: str) -> list[Mapping[str, Any]]:
        """Runs a phase on every host at once; the outcomes that are not well."""
        with ThreadPoolExecutor(max_workers=min(8, len(self.hosts))) as pool:
            outcomes = list(pool.map(lambda host: self._run(host, command, generation, *release), self.hosts))
        return [outcome for outcome in outcomes if not outcome.get("ok")]

    def _run(self, host: Transport, command: str, generation: int, *release: str) -> Mapping[str, Any]:
        arguments = [command, str(generation), *release]
        if command == "prepare" and host is self.hosts[0]:
            arguments.append("--elected")
        return host.run(arguments, lambda event: tell(host.host, event))

    def _public(self) -> list[Mapping[str, Any]]:
        """Green means live: the release's id, read back through the public address."""
        address = urlsplit(self.url)
        connect = gate.over_network(str(address.hostname), address.port or 80)
        try:
            gate.wait(connect, self.health, self.release, lambda: None, lambda text: progress.report(self.url, "", "note", text=text))
        except Refused as refused:
            return [{"host": self.url, "step": "public", "message": str(refused), "http": refused.http, "log": []}]
        return []

    def _undo(self, wish: Desired, live: str | None, failed: list[Mapping[str, Any]]) -> None:
        """Wants the old release again and flips back every host that flipped."""
        wish = self._withdraw(wish, live, failed)
        if live is not None:
            stuck = self._phase("prepare", wish.generation, live) or self._phase("commit", wish.generation, live)
            failed += [{**one, "step": f"going back to {live}, {one.get('step')}"} for one in stuck]

    def _withdraw(self, wish: Desired, live: str | None, failed: list[Mapping[str, Any]]) -> Desired:
        """Wants what served before. Where that can't be written the hosts still hear of it, and the reason joins the others."""
        try:
            return self._write(wish, candidate=None, live=live)
        except SlipwayError as error:
            failed.append({"host": "coordinator", "step": "abort", "message": str(error)})
            return wish

    def _refused(self, failed: Sequence[Mapping[str, Any]], live: str | None) -> Verdict:
        stuck = any(str(one.get("step")).startswith("going back") for one in failed)
        serves = f"release {live} still serves" if live else "nothing serves yet"
        serves = f"going back to release {live} failed too, see `slipway status`" if stuck else serves
        message = "\n".join([f"release {self.release} was refused; {serves}", *(_reason(one) for one in failed)])
        return Verdict(False, message, self.release, live)

    def _prune(self, wish: Desired) -> None:
        """Keeps the newest releases that served; the archives and secrets of the others go."""
        served = [str(entry["release"]) for entry in reversed(wish.value["history"])]
        keep = list(dict.fromkeys([self.release, *served]))[:KEPT]
        for name in self.store.names("releases/"):
            release = name.split("/")[1]
            if release not in keep and release not in ("code", "tool"):
                self.store.delete(name)
                self.store.delete(f"secrets/web/{release}.json")
        self._prune_code(keep)
        for name in self.store.names("outcomes/"):
            number = name.split("/")[-1].split(".")[0]
            if number.isdigit() and int(number) < wish.generation - _HISTORY:
                self.store.delete(name)

    def _prune_code(self, keep: Sequence[str]) -> None:
        """The archives that no kept release uses; none while it can't be told what one uses."""
        try:
            found = [get_json(self.store, f"releases/{release}/manifest.json") or {} for release in keep]
            used = {manifest["code"]["id"] for manifest in found if manifest}
        except (SlipwayError, KeyError, TypeError):
            return progress.report("coordinator", "", "note", text="the manifest of a kept release is damaged: no archive is removed")
        for name in self.store.names("releases/code/"):
            if name.split("/")[-1].split(".")[0] not in used:
                self.store.delete(name)


def tell(host: str, event: Mapping[str, Any]) -> None:
    """Passes what a host says on to whoever shows progress."""
    if event["event"] == "step":
        progress.report(host, event["step"], event["state"], event.get("seconds"))
    elif event["event"] == "note":
        progress.report(host, "", "note", text=event["text"])


def _reason(outcome: Mapping[str, Any]) -> str:
    lines = [f"{outcome.get('host', 'a host')}, {outcome.get('step') or 'start'}: {outcome.get('message', 'no reason given')}"]
    http = outcome.get("http") or {}
    if http.get("status") and str(http["status"]) not in lines[0]:
        lines.append(f"  answered {http['status']}: {http.get('body', '')}")
    lines += ["  | " + line for line in outcome.get("log") or []]
    return "\n".join(lines)
