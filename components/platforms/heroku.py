"""Heroku, by its Platform API: an app, what is around it, its releases. A build that ends well goes
live by itself there, after the release command: `promote` builds, `send` only uploads."""

import hashlib
import netrc
import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from cloud_init.host import contracts
from cloud_init.host.contracts.manifest import Health
from components.deployment import Deployment, Verb
from components.deployment.answers import Answer, Instance, Live, Process, Release, Releases, Verdict
from components.errors import MissingError, SlipwayError, one_line
from components.hosts import progress
from components.platforms import Overtaken, Sendable, rollback

STACK, NAMES = "SLIPWAY_STACK", "SLIPWAY_NAMES"
"""Config vars that say which stack's an app is, and which others an `up` has set."""
PREBOOT = ("standard", "performance")
"""How types of dynos begin of which the old ones serve until the new ones do."""
PAUSE = 2.0  # seconds between two questions
_TIMES = (10, 60)  # seconds to connect, and without a byte of an answer
_QUIET = (10, 3600)  # the same where a build, a release command or a log may be silent for long
_BACKUPS = "run `heroku pg:backups --app APP`"


class _Missing(SlipwayError):
    """There is no such thing at Heroku."""


def _sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Adds the key. As a function: requests puts what ~/.netrc has in the place of a header."""
    key, noted = os.environ.get("HEROKU_API_KEY"), None
    with suppress(FileNotFoundError, netrc.NetrcParseError):
        noted = netrc.netrc().authenticators("api.heroku.com")
    if not key and not noted:
        raise MissingError("heroku: wanted a key in HEROKU_API_KEY or ~/.netrc (api.heroku.com), found none; run `heroku login`")
    request.headers["Authorization"] = f"Bearer {key or (noted or '   ')[2]}"
    return request


def _ask(method: str, url: str, **given: Any) -> requests.Response:
    """An answer. An error has no more of the address than its host: there may be a signature."""
    try:
        answer = requests.request(method, url, **{"timeout": _TIMES, **given})
    except requests.RequestException as error:
        kind = type(error).__name__
        raise SlipwayError(f"Heroku: {method} {urlsplit(url).hostname}: wanted an answer, found {kind}; run it again") from None
    if answer.ok:
        return answer
    try:
        said = "{message} ({id})".format_map(answer.json())
    except (ValueError, KeyError, TypeError):
        said = str(answer.reason)
    next_step = {401: "; set HEROKU_API_KEY, or run `heroku login`", 429: "; wait some minutes, then run it again"}
    kind_of = _Missing if answer.status_code == requests.codes.not_found else SlipwayError
    raise kind_of(f"Heroku: {answer.status_code}, {one_line(said, 300)}{next_step.get(answer.status_code, '')}")


def call(method: str, path: str, body: Any = None, newest: str = "") -> Any:
    """What the Platform API answers; of a list the newest 200 by that field. HEROKU_HOST is as
    Heroku's own command line has it, a domain or a whole address."""
    host = os.environ.get("HEROKU_HOST", "heroku.com")
    headers = {"Accept": "application/vnd.heroku+json; version=3"}
    if newest:
        headers["Range"] = f"{newest} ..; max=200, order=desc"
    url = host if host.startswith("http") else f"https://api.{host}"
    return _ask(method, url + path, json=body, headers=headers, auth=_sign).json()


class Platform(Deployment):
    """One app; `facts` as the target puts them together."""

    refused: Mapping[Verb, str] = {
        "run": "run `heroku run --app APP -- sh -c 'cd src && COMMAND'`",
        "backup": _BACKUPS,
        "backups": _BACKUPS,
        "restore": "run `heroku pg:backups:restore --app APP`",
    }

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name, self.facts, self.app = facts["host"], facts, f"/apps/{facts['host']}"
        self._sent: dict[str, tuple[Sendable, Mapping[str, str]]] = {}
        self._served: dict[str, str] = {}  # Heroku's own id of a release as it last served

    @cached_property
    def url(self) -> str:  # type: ignore[override]
        return f"https://{self.facts['domain']}" if self.facts["domain"] else self._address()

    def _address(self) -> str:
        """Heroku adds letters of its own to an app's name."""
        return str(call("GET", self.app)["web_url"]).rstrip("/")

    def drift(self) -> str:
        """Why the app isn't as it was made."""
        with suppress(_Missing):
            return "" if self._config().get(STACK) == self.facts["owner"] else f"the app {self.name} isn't this stack's any more"
        return f"the app {self.name} is gone"

    def make(self) -> dict[str, Any]:
        """Makes the app, or brings it to its facts; its addresses. One in which nothing was ever
        launched is taken: an `up` that was cut off may have left it."""
        facts, wanted = self.facts, {"name": self.name, "region": self.facts["region"], "stack": self.facts["stack"]}
        try:
            app = call("GET", self.app)
        except _Missing:
            app = call("POST", "/apps", wanted)
        if app["slug_size"] is not None and self.drift():
            raise SlipwayError(
                f"slipway:heroku.name: wanted a new app, found {self.name}, which another stack or person has; take another name"
            )
        if (region := app["region"]["name"]) != facts["region"]:
            raise SlipwayError(f"slipway:heroku.region: wanted {region}, where the app is for good, found {facts['region']}; set it back")
        self._set({STACK: facts["owner"]})
        if app["build_stack"]["name"] != facts["stack"]:
            call("PATCH", self.app, {"build_stack": facts["stack"]})
        if facts["plan"]:
            self._add_database(facts["plan"])
        address = app["web_url"].rstrip("/")
        return {"url": address, "addresses": [self._domain(facts["domain"]) if facts["domain"] else urlsplit(address).hostname]}

    def remove(self) -> None:
        """Deletes the app, and with it its database. Refused while that is to be kept."""
        if self.facts["keep"] and self.facts["plan"]:
            raise SlipwayError(
                "wanted slipway:keepData: false, as Heroku's database goes with its app, found true; set it, run up, then destroy"
            )
        with suppress(_Missing):
            call("DELETE", self.app)

    def _add_database(self, plan: str) -> None:
        found = [one["plan"]["name"] for one in call("GET", f"{self.app}/addons") if one["addon_service"]["name"] == "heroku-postgresql"]
        if found and found != [plan]:
            how = "run `heroku addons:upgrade`, then set the new one"
            raise SlipwayError(f"slipway:heroku.database: wanted {', '.join(found)}, which is there, found {plan}; {how}")
        if not found:
            made = call("POST", f"{self.app}/addons", {"plan": plan})
            if self._until(f"{self.app}/addons/{made['id']}", "state")["state"] != "provisioned":
                raise SlipwayError(f"slipway:heroku.database: {plan} couldn't be provisioned; see `heroku addons --app {self.name}`")

    def _domain(self, wanted: str) -> str:
        """The name that DNS is to lead the domain to."""
        there = {one["hostname"]: one for one in call("GET", f"{self.app}/domains")}
        target = (there.get(wanted) or call("POST", f"{self.app}/domains", {"hostname": wanted, "sni_endpoint": None}))["cname"]
        progress.note(self.name, f"set CNAME {wanted} → {target}; the certificate follows by itself")
        return str(target)

    def _config(self) -> dict[str, str]:
        found: dict[str, str] = call("GET", f"{self.app}/config-vars")
        return found

    def _set(self, wanted: Mapping[str, str | None]) -> bool:
        """Sets config vars that differ, None removes one; whether any did. Heroku starts what is
        live again by that, after its release command."""
        now = self._config()
        changes = {name: value for name, value in wanted.items() if now.get(name) != value}
        if changes:
            call("PATCH", f"{self.app}/config-vars", changes)
        return bool(changes)

    def _releases(self) -> list[dict[str, Any]]:
        """What Heroku keeps, the newest first, with our id of what runs in it as `ours`."""
        builds = call("GET", f"{self.app}/builds", newest="created_at")
        names = {one["slug"]["id"]: one["source_blob"]["version"] for one in builds if one["slug"]}
        kept = call("GET", f"{self.app}/releases", newest="version")
        return [{**one, "ours": names.get(one["slug"]["id"]) or f"v{one['version']}"} for one in kept if one["slug"]]

    def live(self) -> str | None:
        with suppress(_Missing):
            for one in (one for one in self._releases() if one["current"]):
                if any(dynos["quantity"] for dynos in call("GET", f"{self.app}/formation") if dynos["type"] == "web"):
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
        blob = call("POST", "/sources")["source_blob"]
        _ask("PUT", blob["put_url"], data=packed)  # its signature is of one without a Content-Type
        checksum = f"SHA256:{hashlib.sha256(packed).hexdigest()}"
        self._sent[release.id] = release, {"url": blob["get_url"], "version": release.id, "checksum": checksum}

    def private_url(self, release: str) -> str | None:
        """None: the router alone reaches a dyno."""
        return None

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
        """No web dyno runs until a release sets them."""
        call("PATCH", f"{self.app}/formation/web", {"quantity": 0})

    def _build(self, release: Sendable, source: Mapping[str, str], before: str | None) -> None:
        """With the release's config vars, which are the old ones again where it fails."""
        values = {**release.bundle.environment, **release.secrets}
        gone = dict.fromkeys(self._config().get(NAMES, "").split())
        changed = self._set({**gone, **values, NAMES: " ".join(sorted(values))}) and before
        try:
            if changed:
                self._until(f"{self.app}/releases/{self._releases()[0]['id']}")
            build = call("POST", f"{self.app}/builds", {"source_blob": source})
            log = self._tell(build["output_stream_url"])
            build = self._until(f"{self.app}/builds/{build['id']}")
            if build["status"] != "succeeded":
                raise SlipwayError("\n  | ".join([f"the build {build['status']}", *log]))
            self._finish(call("GET", f"{self.app}/releases/{build['release']['id']}"))
        except SlipwayError:
            if changed:
                self._go_back(str(before))
            raise
        if (newest := self._releases()[0])["id"] != build["release"]["id"]:
            raise Overtaken(f"wanted v{newest['version']} to be this one, found {newest['ours']}: somebody else was later")

    def _go_back(self, release: str) -> None:
        """By Heroku's own rollback: old code in a new release, with the config vars of then. Where
        it didn't serve just now, then is its build: later ones may be those of another release."""
        kept = [one for one in self._releases() if one["status"] == "succeeded"]
        runs = (list(run) for ours, run in groupby(kept, key=itemgetter("ours")) if ours == release)
        if not (wanted := self._served.get(release) or next((run[-1]["id"] for run in runs), "")):
            raise SlipwayError(f"wanted a release that Heroku keeps, found {one_line(release)}; see ./slipway releases")
        self._finish(call("POST", f"{self.app}/releases", {"release": wanted}))

    def _finish(self, release: Mapping[str, Any]) -> None:
        """Follows the release command. Raises `SlipwayError` where it fails: what was live stays."""
        log = self._tell(release["output_stream_url"]) if release["output_stream_url"] else []
        if (ended := self._until(f"{self.app}/releases/{release['id']}")["status"]) != "succeeded":
            raise SlipwayError("\n  | ".join([f"the release command {ended}", *log]))

    def _until(self, path: str, name: str = "status") -> dict[str, Any]:
        """What is there once it is neither pending nor being provisioned; Heroku itself ends both."""
        while (found := call("GET", path))[name] in ("pending", "provisioning"):
            time.sleep(PAUSE)
        return dict(found)

    def _tell(self, url: str) -> list[str]:
        """Shows each line as it comes; the last ones. Where it breaks off the work goes on."""
        last = deque[str](maxlen=10)
        with suppress(requests.RequestException, SlipwayError), _ask("GET", url, stream=True, timeout=_QUIET) as answer:
            for line in answer.iter_lines():
                last.append(progress.readable(line.decode(errors="replace")))
                progress.note(self.name, last[-1])
        return list(last)

    def _settle(self) -> None:
        """Dynos, preboot and certificate, which no app has before its first release."""
        wanted, changes = self.facts["formation"], []
        for now in call("GET", f"{self.app}/formation"):
            dynos = wanted.get(now["type"], {})
            if dynos and dynos != {"quantity": now["quantity"], "size": now["size"].lower()}:
                changes.append({"type": now["type"], **dynos})
        if changes:
            call("PATCH", f"{self.app}/formation", {"updates": changes})
        preboot = wanted["web"]["size"].startswith(PREBOOT)
        if call("GET", f"{self.app}/features/preboot")["enabled"] != preboot:
            call("PATCH", f"{self.app}/features/preboot", {"enabled": preboot})
        if self.facts["domain"] and not call("GET", self.app)["acm"]:
            call("POST", f"{self.app}/acm")

    def status(self) -> Sequence[Instance]:
        """All dynos as one instance."""
        app, dynos = call("GET", self.app), call("GET", f"{self.app}/dynos")
        live = [Live(release=one["ours"], since=_moment(one["created_at"])) for one in self._releases() if one["current"]]
        seen = [Process(name=one["name"], state=one["state"], uptime=time.time() - _moment(one["updated_at"])) for one in dynos]
        web = [one for one in dynos if one["type"] == "web"]
        said = {"live": next(iter(live), None), "processes": seen, "maintenance": app["maintenance"]}
        front = {"kind": "Heroku's router", "dynos": ", ".join(sorted({one["size"] for one in web}))}
        return [Instance(host=self.name, ok=bool(web) and all(one["state"] == "up" for one in web), front=front, **said)]

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        session = call("POST", f"{self.app}/log-sessions", {"lines": lines, "tail": follow})
        with _ask("GET", session["logplex_url"], stream=True, timeout=_QUIET) as answer:
            yield from (line.decode(errors="replace") for line in answer.iter_lines())

    def releases(self) -> Sequence[Releases]:
        kept: dict[str, Release] = {}
        for one in (one for one in self._releases() if one["status"] == "succeeded"):
            kept.setdefault(one["ours"], Release(id=one["ours"], prepared_at=_moment(one["created_at"]), live=one["current"]))
        return [Releases(host=self.name, ok=True, releases=list(kept.values()))]

    def rollback(self, release: str | None) -> Verdict:
        kept = [one.id for one in self.releases()[0].releases if not one.live]
        return rollback(self, self._address(), contracts.read(Health, self.facts["health"]), release or next(iter(kept), "none"))

    def maintenance(self, on: bool) -> Sequence[Answer]:
        call("PATCH", self.app, {"maintenance": on})
        return [Answer(host=self.name, ok=True)]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


connect = Platform
