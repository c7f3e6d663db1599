"""The one writer of `desired.json`: proposes a release, hears the hosts, commits or aborts it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from cloud_init.host import contracts
from cloud_init.host.contracts.manifest import Manifest
from cloud_init.host.contracts.rollout import Outcome, Proven
from cloud_init.host.stores import Conflict
from components.deployment.answers import GOING_BACK, Verdict
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.site import Site
from components.release import publishing
from components.release import store as stored
from components.release.store import HISTORY, Desired, Store, desired, overwrite, parsed, refuse_another, to_json
from components.rollout import public
from components.rollout.phases.direct import Driven
from components.rollout.phases.pulled import Following

__all__ = ["Conflict", "SlipwayError", "Verdict", "desired", "roll", "rollback"]
_PROVEN = "proven.json"
KEPT = 5  # releases that can be rolled back to
_GONE = 7 * 86400.0  # seconds after which a host that says nothing is forgotten
_UNREAD = 3600.0  # seconds after which nobody reads a command's output any more


def roll(site: Site, release: str, by: str = "up", publish: Callable[[], None] | None = None) -> Verdict:
    """Brings `release` to every host, or leaves what serves as it is. `publish` puts it into the
    store under the lock: another rollout's clean-up would remove it."""
    with site.store.lock(f"{by} {release}"):
        try:
            if publish:
                publish()
            return _Rollout(site, release, by).run()
        except Conflict:
            message = "somebody else changed what is wanted meanwhile; look at `slipway status`, then run it again"
            return Verdict(False, message, release, desired(site.store).live)


def want_first(store: Store, props: Mapping[str, Any]) -> None:
    """Publishes and wants the release in a `FirstRelease`'s inputs, if none was ever wanted here:
    hosts that come up serve it, whether or not the deployer is still there."""
    with store.lock(f"first release {props['release']}"):
        before = desired(store)
        if before.data is not None:
            return
        with suppress(Conflict):  # somebody else was first: that one counts
            publishing.publish(store, props)
            stored.write_desired(store, before, "up", props["release"])


def rollback(site: Site, release: str | None = None) -> Verdict:
    """Brings back a release that served before: the last one, or the one named."""
    now = desired(site.store)
    chosen = [release] if release else [one for one in now.served if one != now.live]
    for wanted in chosen:
        if site.store.get(f"releases/{wanted}/manifest.json") is not None:
            return roll(site, wanted, by="rollback")
    if release is None:
        raise SlipwayError("rollback: wanted a release that served before this one, found none; see `slipway releases`")
    kept = ", ".join(reversed(now.served)) or "none"
    raise SlipwayError(f"rollback: wanted a kept release, found {release!r}; kept: {kept}")


class _Rollout:
    def __init__(self, site: Site, release: str, by: str) -> None:
        self.site, self.store = site, site.store
        self.phases: Following | Driven = (
            Following(site.store, site.expected, site.fewest) if site.follow else Driven(site.store, site.hosts, release, site.key)
        )
        self.release, self.by = release, by
        self.elected: str | None = None
        data = site.store.get(name := f"releases/{release}/manifest.json")
        if data is None:
            raise SlipwayError(f"store: wanted the manifest of release {release}, found none; run `up` again to publish it")
        self.manifest = parsed(Manifest, name, data)  # whether it is that release's ask the hosts
        self.addresses = site.addresses or (str(urlsplit(site.url).hostname),)

    def run(self) -> Verdict:
        self.elected = self.phases.gather()
        before = desired(self.store)
        old = self._proven(before)
        now = self._write(before, before.live, self.release)
        failed = self.phases.run("prepare", now.state, self.release)
        if failed:
            stays = before.live if old else None
            now = self._withdraw(now, stays, failed)
            self.phases.run("abort", now.state)
            return Verdict.refused(self.release, failed, stays)
        now = self._write(now, self.release)
        failed = self.phases.run("commit", now.state, self.release) or self._public()
        if failed:
            now = self._withdraw(now, old, failed)
            if old is not None:  # every host that flipped goes back
                stuck = self.phases.run("back", now.state, old)
                failed += [replace(one, step=f"{GOING_BACK} {old}, {one.step}") for one in stuck]
            return Verdict.refused(self.release, failed, old)
        refuse_another(self.store, now.state)
        proven = Proven(self.release, now.state.generation, now.state.token)
        overwrite(self.store, _PROVEN, to_json(contracts.document(proven)))
        if self.manifest.tool:
            publishing.name_tool(self.store, self.manifest.tool)
        clean_up(self.store, now)
        missing = self._missing()
        return Verdict(not missing, missing, self.release, self.release)

    def _write(self, before: Desired, live: str | None, candidate: str | None = None) -> Desired:
        """The elected host stays so: hosts that come to what is wanted later must know it."""
        return stored.write_desired(self.store, before, self.by, live, candidate, self.elected)

    def _proven(self, before: Desired) -> str | None:
        """What to go back to. This release may be wanted already: by a rollout that was cut off
        after its commit, or by `want_first`, which counts once it is proven."""
        if before.live != self.release:
            return before.live
        data = self.store.get(_PROVEN)
        if data is None:
            return None
        proven = parsed(Proven, _PROVEN, data)
        known = proven.generation <= before.state.generation and self.store.get(f"releases/{proven.release}/manifest.json")
        return proven.release if known else before.live

    def _public(self) -> list[Outcome]:
        """Hosts left out aren't asked: that has been told, and is no reason to go back. Nor is one
        that nobody here reaches: its front server has been asked there."""
        if any(getattr(host, "is_hidden", False) for host in self.site.hosts):
            return []
        names = dict(zip(self.site.addresses, self.site.expected, strict=False))
        asked = [one for one in self.addresses if one not in names or self.phases.takes_part(names[one])]
        return public.check(self.site.url, asked, self.manifest.health, self.release, self.manifest.tls)

    def _missing(self) -> str:
        """Why TLS is missing, where `slipway:tls.strict` makes that a failure; else it is told."""
        tls = self.manifest.tls
        if tls is None:
            return ""
        problem = public.domain_problem(tls, self.addresses, self.manifest.health, self.release)
        if problem and tls.strict:
            return f"release {self.release} is live, but slipway:tls.strict wants it at https://{tls.domain}: {problem}"
        if problem:
            progress.report(self.site.url, "", "note", text=problem)
        return ""

    def _withdraw(self, now: Desired, old: str | None, failed: list[Outcome]) -> Desired:
        """Wants what served before. Hosts hear of it even where that can't be written."""
        try:
            return self._write(now, old)
        except SlipwayError as error:
            failed.append(Outcome(False, "coordinator", "abort", str(error)))
            return now


def clean_up(store: Store, now: Desired) -> None:
    """Removes what none of the releases needs that served last, old outcomes, and hosts that are
    gone, in few requests. Raises `Conflict`, with all still there, where `now` isn't wanted."""
    keep = list(dict.fromkeys([str(now.live), *now.served]))[:KEPT]
    there = store.names("releases/")
    gone = [name for name in there if name.split("/")[1] not in (*keep, "code", "tool")]
    gone += [name for name in store.names("secrets/") if name.split("/")[-1].split(".")[0] not in keep]
    gone += _unused_code(store, there, keep)
    gone += _old_outcomes(store.names("outcomes/"), now.state.generation)
    if gone:
        refuse_another(store, now.state)  # what another one wants since may need some of it
        store.delete(*gone)


def _unused_code(store: Store, there: Iterable[str], keep: Sequence[str]) -> list[str]:
    """The archives that no kept release uses; none while it can't be told what one uses."""
    try:
        names = {f"releases/{release}/manifest.json" for release in keep}
        used = {parsed(Manifest, name, data).code.id for name in names if (data := store.get(name)) is not None}
    except SlipwayError:
        progress.report("coordinator", "", "note", text="the manifest of a kept release is damaged: no archive is removed")
        return []
    archives = [name for name in there if name.startswith("releases/code/")]
    return [name for name in archives if name.split("/")[-1].split(".")[0] not in used]


def _old_outcomes(names: Mapping[str, float], generation: int) -> Iterator[str]:
    """Those of generations that are old, or yet to come; outputs that nobody read; and all of a
    host whose heartbeat is a week older than the newest: servers come and go."""
    beats = {name.split("/")[1]: at for name, at in names.items() if name.endswith("/heartbeat.json")}
    newest, newest_beat = max(names.values(), default=0.0), max(beats.values(), default=0.0)
    for name, at in names.items():
        last = name.split("/")[-1].split(".")[0]
        old = last.isdigit() and not generation - HISTORY <= int(last) <= generation
        unread = last.startswith("output-") and newest - at > _UNREAD
        gone = newest_beat - beats.get(name.split("/")[1], newest_beat) > _GONE
        if old or unread or gone:
            yield name
