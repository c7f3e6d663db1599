"""Heroku, by its Platform API: an app, what is around it, its releases. A build that ends well goes
live by itself there, after the release command: `promote` builds, `send` only uploads."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from cloud_init.host.base.files import object_in
from cloud_init.host.contracts.manifest import Health
from components.deployment import Deployment, Verb
from components.deployment.answers import Answer, Instance, Kept, Live, Process, Release, Releases, Verdict
from components.errors import SlipwayError, UsageError, one_line
from components.hosts import progress
from components.platforms import Overtaken, Sendable, older, rollback

PAUSE = 2.0  # seconds between two questions
PREBOOT = ("standard", "performance")  # so types of dynos begin of which the old ones serve until new ones do
_STACK, _NAMES = "SLIPWAY_STACK", "SLIPWAY_NAMES"  # config vars: which stack's an app is, which others an `up` has set
_TIMES, _QUIET = (10, 60), (10, 3600)  # seconds to connect, and without a byte: of an answer, of a build or a log
_NEXT = {401: "; set HEROKU_API_KEY, or run `heroku login`", 429: "; wait some minutes, then run it again"}
_RUN = "run `heroku run --app APP -- sh -c 'cd src && COMMAND'`"
_BACKUPS = "see `heroku pg:backups --help`, by which Heroku's databases have them"


class _Missing(SlipwayError):
    """There is no such thing at Heroku."""


def _ask(method: str, url: str, **given: Any) -> requests.Response:
    """An answer. An error has no more of the address than its host: there may be a signature."""
    try:
        answer = requests.request(method, url, **{"timeout": _TIMES, **given})
    except requests.RequestException as error:
        raise SlipwayError(f"Heroku: wanted an answer of {url.split('/')[2]}, found {type(error).__name__}; run it again") from None
    if answer.ok:
        return answer
    said = object_in(answer.text)
    why = one_line(f"{said.get('message', answer.reason)} ({said.get('id', 'no id')})", 300)
    kind = _Missing if answer.status_code == requests.codes.not_found else SlipwayError
    raise kind(f"Heroku: {answer.status_code}, {why}{_NEXT.get(answer.status_code, '')}")


def _lines(url: str) -> Iterator[str]:
    with _ask("GET", url, stream=True, timeout=_QUIET) as answer:
        yield from (line.decode(errors="replace") for line in answer.iter_lines())


class Platform(Deployment):
    """One app; `facts` as the target puts them together."""

    refused: Mapping[Verb, str] = {"run": _RUN, "backup": _BACKUPS, "backups": _BACKUPS, "restore": _BACKUPS}

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name, self.facts = facts["host"], facts
        self._sent: dict[str, tuple[Sendable, Mapping[str, str]]] = {}
        self._served: dict[str, str] = {}  # Heroku's own id of a release as it last served

    def found(self, health: Health) -> "Platform":
        """To be asked, at its address: Heroku adds letters of its own to an app's name."""
        self.health, self.url = health, f"https://{self.name}.herokuapp.com"
        with suppress(_Missing):
            self.url = str(self._call("GET")["web_url"]).rstrip("/")
        return self

    def _call(self, method: str, path: str = "", body: Any = None, by: str = "id") -> Any:
        """What the Platform API answers at a path, or one below the app; of a list the last 200 by
        that field. HEROKU_HOST and the key are as Heroku's own command line has them."""
        host, noted = os.environ.get("HEROKU_HOST", "heroku.com"), requests.utils.get_netrc_auth("https://api.heroku.com")
        at = path if path[:1] == "/" else f"/apps/{self.name}/{path}".rstrip("/")
        headers = {"Accept": "application/vnd.heroku+json; version=3", "Range": f"{by} ..; max=200, order=desc"}
        headers["Authorization"] = f"Bearer {os.environ.get('HEROKU_API_KEY') or (noted or ('', 'none'))[1]}"
        url = host if host.startswith("http") else f"https://api.{host}"
        # With a function of its own requests doesn't put ~/.netrc's in the place of the header.
        return _ask(method, url + at, json=body, headers=headers, auth=lambda request: request).json()

    def drift(self) -> str:
        """Why the app isn't as it was made."""
        with suppress(_Missing):
            return "" if self._call("GET", "config-vars").get(_STACK) == self.facts["owner"] else f"{self.name} isn't this stack's any more"
        return f"the app {self.name} is gone"

    def make(self) -> dict[str, Any]:
        """Makes the app, or brings it to its facts; its addresses. One in which nothing was ever
        launched is taken: an `up` that was cut off may have left it."""
        facts = self.facts
        try:
            app = self._call("GET")
        except _Missing:
            app = self._call("POST", "/apps", {"name": self.name, "region": facts["region"], "stack": facts["stack"]})
        if app["slug_size"] is not None and self.drift():
            raise SlipwayError(f"slipway:heroku.name: wanted a new app, found {self.name}, which another stack or person has; take another")
        if (region := app["region"]["name"]) != facts["region"]:
            raise SlipwayError(f"slipway:heroku.region: wanted {region}, where the app is for good, found {facts['region']}; set it back")
        self._call("PATCH", "", {"build_stack": facts["stack"]})
        if plan := facts["plan"]:
            if not (there := self._databases()):
                self._until(f"addons/{self._call('POST', 'addons', {'plan': plan})['id']}", "state")
            elif plan not in there:
                how = "run `heroku addons:upgrade`, then set that one"
                raise SlipwayError(f"slipway:heroku.database: wanted {there[0]}, which is there, found {plan}; {how}")
        address = leads = app["web_url"].rstrip("/")
        if name := facts["domain"]:
            domains = {one["hostname"]: one for one in self._call("GET", "domains")}
            leads = (domains.get(name) or self._call("POST", "domains", {"hostname": name, "sni_endpoint": None}))["cname"]
            progress.note(self.name, f"set CNAME {name} → {leads}; the certificate follows by itself")
        return {"url": address, "addresses": [leads.rpartition("/")[2]]}

    def remove(self) -> None:
        """Deletes the app, and with it its database. Refused while that is to be kept."""
        if self.facts["keep"] and self._databases():
            raise SlipwayError("wanted slipway:keepData: false, as Heroku's database goes with its app, found true; set it, then `up`")
        with suppress(_Missing):
            if self._call("GET")["slug_size"] is not None and (why := self.drift()):
                raise SlipwayError(f"{why}; nothing was deleted: if it isn't yours, run `pulumi refresh`, then `destroy` again")
            self._call("DELETE")

    def _databases(self) -> list[str]:
        """The plans of those that there are, whatever the settings say by now."""
        with suppress(_Missing):
            addons = self._call("GET", "addons")
            return [one["plan"]["name"] for one in addons if one["addon_service"]["name"] == "heroku-postgresql"]
        return []

    def _releases(self) -> list[dict[str, Any]]:
        """Those that are kept, the newest first: `ours` is our id of what runs, `at` its time."""
        builds = [one for one in self._call("GET", "builds", by="created_at") if one["slug"]]
        versions = {one["slug"]["id"]: one["source_blob"]["version"] for one in builds}
        kept: list[dict[str, Any]] = [one for one in self._call("GET", "releases", by="version") if one["slug"]]
        for one in kept:
            one["ours"] = versions.get(one["slug"]["id"]) or f"v{one['version']}"
            one["at"] = datetime.fromisoformat(one["created_at"]).timestamp()
        return kept

    def live(self) -> str | None:
        with suppress(_Missing):
            for one in (one for one in self._releases() if one["current"]):
                if any(dynos["quantity"] for dynos in self._call("GET", "formation") if dynos["type"] == "web"):
                    self._served[one["ours"]] = one["id"]
                    return str(one["ours"])
        return None

    def send(self, release: Sendable) -> None:
        """Uploads it, which changes nothing. Of what serves already only the dynos are set."""
        if self.live() == release.id:
            return self._settle()
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            release.bundle.pack(release.id, release.source, Path(folder) / "bundle")
            packed = (Path(folder) / "bundle").read_bytes()
        blob = self._call("POST", "/sources")["source_blob"]
        _ask("PUT", blob["put_url"], data=packed)  # its signature is of one without a Content-Type
        checksum = f"SHA256:{hashlib.sha256(packed).hexdigest()}"
        self._sent[release.id] = release, {"url": blob["get_url"], "version": release.id, "checksum": checksum}

    def private_url(self, release: str) -> str | None:
        return None  # the router alone reaches a dyno

    def promote(self, release: str, before: str | None) -> None:
        """Builds what was sent; goes back to any other, which Heroku keeps."""
        if (now := self.live()) != before:
            raise Overtaken(f"wanted {before or 'nothing'} to serve, found {now or 'nothing'}: somebody else was quicker")
        if release in self._sent:
            self._build(*self._sent[release], before)
        else:
            self._go_back(release)
        self._settle()

    def withdraw(self, release: str) -> None:
        self._call("PATCH", "formation/web", {"quantity": 0})

    def _build(self, release: Sendable, source: Mapping[str, str], before: str | None) -> None:
        """With the release's config vars, the old ones again where it fails. At a change of them
        Heroku starts what is live again, after its release command."""
        values, now = {**release.bundle.environment, **release.secrets}, self._call("GET", "config-vars")
        ours = {**values, _NAMES: " ".join(sorted(values)), _STACK: self.facts["owner"]}
        wanted = {**dict.fromkeys(now.get(_NAMES, "").split()), **ours}  # None removes one
        changes = {name: value for name, value in wanted.items() if now.get(name) != value}
        try:
            if changes:
                self._call("PATCH", "config-vars", changes)
            if changes and before:
                self._until(f"releases/{self._releases()[0]['id']}")
            build = self._call("POST", "builds", {"source_blob": source})
            made = self._follow(build, "builds", "the build")["release"]["id"]
            self._follow(self._call("GET", f"releases/{made}"), "releases", "the release command")
        except SlipwayError:
            if changes and before and self.live() == before:
                self._go_back(before)
            raise
        if (newest := self._releases()[0])["id"] != made:
            raise Overtaken(f"wanted v{newest['version']} to be this one, found {newest['ours']}: somebody else was later")

    def _go_back(self, release: str) -> None:
        """By Heroku's own rollback: old code in a new release, with the config vars of then. Where
        it didn't serve just now, then is not when config vars changed: that may be for another."""
        runs = [one for one in self._releases() if one["ours"] == release and one["status"] == "succeeded"]
        kept = [one["id"] for one in runs if one["description"].startswith(("Deploy", "Rollback"))]
        if not (wanted := self._served.get(release) or next(iter(kept), None)):
            raise SlipwayError(f"wanted a release that Heroku keeps, found {one_line(release)}; see ./slipway releases")
        self._follow(self._call("POST", "releases", {"release": wanted}), "releases", "the release command")

    def _follow(self, begun: Mapping[str, Any], path: str, what: str) -> dict[str, Any]:
        """Shows each line as it comes; where that breaks off, the work goes on. Raises
        `SlipwayError` with the last lines where it fails: what was live stays."""
        log: list[str] = []
        with suppress(requests.RequestException, SlipwayError):
            for line in _lines(begun["output_stream_url"]) if begun["output_stream_url"] else ():
                log.append(progress.readable(line))
                progress.note(self.name, log[-1])
        if (ended := self._until(f"{path}/{begun['id']}"))["status"] != "succeeded":
            raise SlipwayError("\n  | ".join([f"{what} {ended['status']}", *log[-10:]]))
        return ended

    def _until(self, path: str, name: str = "status") -> dict[str, Any]:
        """What is there once it is neither pending nor being provisioned, which Heroku ends."""
        while (found := self._call("GET", path))[name] in ("pending", "provisioning"):
            time.sleep(PAUSE)
        return dict(found)

    def _settle(self) -> None:
        """Dynos, preboot and certificate, which no app has before its first release."""
        wanted = self.facts["formation"]
        now = {one["type"]: {"quantity": one["quantity"], "size": one["size"].lower()} for one in self._call("GET", "formation")}
        if changes := [{"type": one, **wanted[one]} for one in wanted if one in now and wanted[one] != now[one]]:
            self._call("PATCH", "formation", {"updates": changes})
        preboot = wanted["web"]["size"].startswith(PREBOOT)
        if self._call("GET", "features/preboot")["enabled"] != preboot:
            self._call("PATCH", "features/preboot", {"enabled": preboot})
        if self.facts["domain"] and not self._call("GET")["acm"]:
            self._call("POST", "acm")

    def status(self) -> Sequence[Instance]:
        """All dynos as one instance."""
        app, dynos = self._call("GET"), self._call("GET", "dynos")
        live = next((Live(release=one["ours"], since=one["at"]) for one in self._releases() if one["current"]), None)
        ok = {one["state"] for one in dynos if one["type"] == "web"} == {"up"}
        seen = [Process(name=f"{one['name']} ({one['size']})", state=one["state"]) for one in dynos]
        return [Instance(host=self.name, ok=ok, live=live, processes=seen, maintenance=app["maintenance"])]

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        return _lines(self._call("POST", "log-sessions", {"lines": lines, "tail": follow})["logplex_url"])

    def releases(self) -> Sequence[Releases]:
        kept = [one for one in self._releases() if one["status"] == "succeeded"]
        newest = {one["ours"]: Release(id=one["ours"], prepared_at=one["at"], live=one["current"]) for one in reversed(kept)}
        return [Releases(host=self.name, ok=True, releases=list(newest.values())[::-1])]

    def rollback(self, release: str | None) -> Verdict:
        return rollback(self, self.url, self.health, release or next(iter(older(self.releases()[0].releases)), "none"))

    def maintenance(self, on: bool) -> Sequence[Answer]:
        self._call("PATCH", "", {"maintenance": on})
        return [Answer(host=self.name, ok=True)]

    def kept(self) -> Sequence[Kept]:
        if self._databases():  # a `destroy` that asks for this has said that data stays
            raise UsageError("destroy: Heroku's database goes with its app: say so, by --with-data and the app's name")
        return ()


connect = Platform
