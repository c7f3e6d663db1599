"""Google App Engine's standard environment: a release is a version of the service `default`, called
by `r` and its id. The newest five stay to go back to."""

import json
import re
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from cloud_init.host.contracts.manifest import Health
from cloud_init.templating import text
from components.deployment import Deployment, Verb
from components.deployment.answers import Instance, Live, Process, Release, Releases, Verdict
from components.errors import SlipwayError
from components.gcp.control import services
from components.hosts import progress
from components.platforms import Overtaken, Sendable, older, rollback

SECRETS = "SLIPWAY_SECRETS"
"""The variable with addresses of secrets by name, as JSON; `files/slipway_secrets.py` reads it."""
SECRET_MANAGER = "https://secretmanager.googleapis.com/v1/"
_BUILDS = "https://console.cloud.google.com/cloud-build/builds?project="
_SERVICE = "/services/default"
_VERSIONS = f"{_SERVICE}/versions"
_SCALE = "automaticScaling.standard_scheduler_settings.min_instances"
_CLOUD_SQL = "Cloud SQL keeps seven days of a managed database; see: gcloud sql backups list --instance=-"


class AppEngine(Deployment):
    """One app. `facts`: `app`, `project`, `region`, `bucket`; `account`: its versions' e-mail;
    `secrets`: versions in Secret Manager by variable; `database`: a connection name, or empty;
    `python`; `min`: instances; `health`: as `Health` has it."""

    refused: Mapping[Verb, str] = {
        "run": "App Engine lets nobody in; app.releaseCommand runs in Cloud Build, other commands here by Cloud SQL's proxy",
        "maintenance": "App Engine has no page to put up; its settings in the console disable the whole application",
        **dict.fromkeys(("backup", "backups"), _CLOUD_SQL),
        "restore": "Cloud SQL does that by itself: gcloud sql backups restore ID --restore-instance=NAME",
    }

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name, self.facts, self.url = str(facts["app"]), facts, str(facts.get("url"))
        self.google = services.Services(facts["project"])

    def make(self) -> dict[str, Any]:
        """Makes the project's App Engine, or takes the one that is there; its addresses."""
        host = self.google.make_application(self.facts["region"])
        return {"url": f"https://{host}", "addresses": [host]}

    def drift(self) -> str:
        return ""

    def remove(self) -> None:
        """Nobody can remove it: it answers no one until the next `up`."""
        self.google.switch("USER_DISABLED")
        progress.note(self.name, "App Engine's application can't be removed: it stays, switched off, until the next `up`")

    def live(self) -> str | None:
        split = self._split()
        return _release(max(split, key=lambda one: split[one])) if split else None

    def send(self, release: Sendable) -> None:
        self.google.switch("SERVING")  # one that is off takes no version
        version, bucket = _version(release.id), self.facts["bucket"]
        for begun in self.google.found("/operations", filter="done:false").get("operations", []):
            if version in json.dumps(begun):
                progress.note(self.name, "waits for what an earlier `up` began")
                with suppress(SlipwayError):  # then it is sent again
                    self.google.done("appengine", begun)
        if self.google.found(f"{_VERSIONS}/{version}"):
            return
        source = f"{release.id}.zip"
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder, open(_pack(release, Path(folder)), "rb") as file:
            self.google.ask("POST", "storage", f"upload/storage/v1/b/{bucket}/o", file, uploadType="media", name=source)
        if release.bundle.release_command:
            self._run_command(release, source)
        wanted = made_of(release, self.facts)
        wanted["deployment"] = {"zip": {"sourceUrl": f"https://storage.googleapis.com/{bucket}/{source}"}}
        progress.note(self.name, f"Cloud Build builds it: {_BUILDS}{self.facts['project']}")
        self.google.change("POST", _VERSIONS, wanted)
        self.google.ask("DELETE", "storage", f"storage/v1/b/{bucket}/o/{source}")

    def private_url(self, release: str) -> str | None:
        """No address for what serves: App Engine gives the first version all traffic by itself."""
        return None if self.live() == release else self.google.found(f"{_VERSIONS}/{_version(release)}").get("versionUrl")

    def promote(self, release: str, before: str | None) -> None:
        if _version(release) != release:  # another's version is as its owner wants it
            self._scale(_version(release), self.facts["min"])
        if before and (serves := self.live()) not in (before, release):
            raise Overtaken(f"somebody else had {serves or 'nothing'} promoted meanwhile")
        self.google.change("PATCH", _SERVICE, {"split": {"allocations": {_version(release): 1}}}, mask="split")
        if (serves := self.live()) != release:
            raise Overtaken(f"somebody else had {serves or 'nothing'} promoted meanwhile")
        try:
            self._prune(before)
        except SlipwayError as error:
            progress.note(self.name, f"old versions stay as they are: {error}")

    def withdraw(self, release: str) -> None:
        self.google.switch("USER_DISABLED")  # a version that serves can't be removed

    def status(self) -> Sequence[Instance]:
        nothing = Instance(host=self.name, ok=False, message="nothing serves; `up` launches it")
        return [self._instance(*one) for one in self._split().items()] or [nothing]

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        return self._logs('resource.type="gae_app" AND resource.labels.module_id="default"', lines, follow)

    def releases(self) -> Sequence[Releases]:
        split = self._split()
        found = [Release(id=_release(one["id"]), prepared_at=_at(one["createTime"]), live=one["id"] in split) for one in self._versions()]
        return [Releases(host=self.name, ok=True, releases=found)]

    def rollback(self, release: str | None) -> Verdict:
        every = self.releases()[0].releases
        kept = [one.id for one in every if not one.live]
        if (wanted := release or next(iter(older(every)), "")) not in kept:
            found = f"rollback: wanted one of {', '.join(kept) or 'none'}, which are kept, found {wanted!r}"
            return Verdict(False, found, wanted, self.live())
        return rollback(self, self.url, Health(**self.facts["health"]), wanted)

    def _split(self) -> dict[str, float]:
        """Shares of traffic by version; none while the application is off."""
        on = self.google.found().get("servingStatus") == "SERVING"
        return dict(self.google.found(_SERVICE).get("split", {}).get("allocations", {})) if on else {}

    def _versions(self) -> list[dict[str, Any]]:
        """Those of releases, the newest first."""
        found = [one for one in self.google.found(_VERSIONS, pageSize=100).get("versions", []) if _release(one["id"]) != one["id"]]
        return sorted(found, key=lambda one: str(one["createTime"]), reverse=True)

    def _instance(self, version: str, share: float) -> Instance:
        known = self.google.found(f"{_VERSIONS}/{version}")
        live = Live(release=_release(version), since=_at(known["createTime"]))
        processes = [
            Process(name=one["id"][:12], state="up", uptime=time.time() - _at(one["startTime"]), memory=one.get("memoryUsage"))
            for one in self.google.found(f"{_VERSIONS}/{version}/instances").get("instances", [])
        ]
        front = {"traffic": f"{share:.0%}", "class": known.get("instanceClass", "F1"), "runtime": known["runtime"]}
        return Instance(host=version, ok=True, address=known["versionUrl"], live=live, processes=processes, front=front)

    def _scale(self, version: str, least: int) -> None:
        """Sets how many instances of a version there are at least."""
        wanted = {"automaticScaling": {"standardSchedulerSettings": {"minInstances": least}}}
        self.google.change("PATCH", f"{_VERSIONS}/{version}", wanted, mask=_SCALE)

    def _prune(self, before: str | None) -> None:
        """Lets four versions without traffic sleep, `before` among them, and removes older ones."""
        split = self._split()
        others = [one for one in self._versions() if one["id"] not in split]
        for at, one in enumerate(sorted(others, key=lambda one: one["id"] != _version(before or ""))):
            if at > 3:
                self.google.change("DELETE", f"{_VERSIONS}/{one['id']}")
            elif one.get("automaticScaling", {}).get("standardSchedulerSettings", {}).get("minInstances"):
                self._scale(one["id"], 0)

    def _run_command(self, release: Sendable, source: str) -> None:
        """Runs the release command in Cloud Build, and tells its log."""
        where = f"v1/projects/{self.facts['project']}/locations/{self.facts['region']}/builds"
        operation = self.google.ask("POST", "cloudbuild", where, build_of(release, source, self.facts))
        try:
            self.google.done("cloudbuild", operation)
        except SlipwayError as error:
            raise SlipwayError(f"the release command failed: {error}") from None
        finally:
            wanted = f'resource.type="build" AND resource.labels.build_id="{operation["metadata"]["build"]["id"]}"'
            with suppress(SlipwayError):  # to read logs is a right of its own
                for line in self._logs(wanted, 50, follow=False):
                    progress.note(self.name, line)

    def _logs(self, wanted: str, lines: int, follow: bool) -> Iterator[str]:
        """Lines of Cloud Logging; what came at one moment may come in two answers."""
        asked = {"resourceNames": [f"projects/{self.facts['project']}"], "filter": wanted, "orderBy": "timestamp desc", "pageSize": lines}
        found = self.google.ask("POST", "logging", "v2/entries:list", asked).get("entries", [])[::-1] if lines else []
        told, since = set[str](), datetime.now().astimezone().isoformat()
        while True:
            for entry in (one for one in found if one["insertId"] not in told):
                request = entry.get("protoPayload", {})
                words = " ".join(str(request[one]) for one in ("method", "resource", "status") if one in request)
                words = entry.get("textPayload") or entry.get("jsonPayload", {}).get("message") or words
                yield f"{entry['timestamp'][:19]} {words}"
                told.add(entry["insertId"])
                since = entry["timestamp"]
            if not follow:
                return
            time.sleep(services.PAUSE)
            later = {**asked, "filter": f'{wanted} AND timestamp>="{since}"', "orderBy": "timestamp asc", "pageSize": 1000}
            found = self.google.ask("POST", "logging", "v2/entries:list", later).get("entries", [])


connect = AppEngine


def made_of(release: Sendable, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The version of a release as the Admin API has it: what its app.yaml says, and whose it is."""
    known = yaml.safe_load(next(file.content for file in release.bundle.files if file.path == "app.yaml"))
    least, most = (known["automatic_scaling"][name] for name in ("min_instances", "max_instances"))
    addresses = {name: SECRET_MANAGER + version for name, version in sorted(facts["secrets"].items())}
    return {
        "id": _version(release.id),
        "runtime": known["runtime"],
        "entrypoint": {"shell": known["entrypoint"]},
        "instanceClass": known["instance_class"],
        "automaticScaling": {"standardSchedulerSettings": {"minInstances": least, "maxInstances": most}},
        "inboundServices": ["INBOUND_SERVICE_WARMUP"],
        "handlers": [_handler(**one) for one in known["handlers"]],
        "envVariables": {**known["env_variables"], SECRETS: json.dumps(addresses)},
        "serviceAccount": facts["account"],
    }


def _handler(url: str, secure: str, script: str = "", static_files: str = "", upload: str = "", **more: Any) -> dict[str, Any]:
    known = {"urlRegex": url, "securityLevel": f"SECURE_{secure.upper()}"}
    if script:
        return {**known, "script": {"scriptPath": script}}
    expires = {"expiration": more["expiration"]} if "expiration" in more else {}
    return {**known, "staticFiles": {"path": static_files, "uploadPathRegex": upload, "applicationReadable": True, **expires}}


def build_of(release: Sendable, source: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The build that runs the release command as the app's account, beside Cloud SQL's proxy."""
    build: dict[str, Any] = yaml.safe_load(text("appengine/cloudbuild.yaml"))
    environment = {**release.bundle.environment, "SLIPWAY_COMMAND": release.bundle.release_command}
    environment["SLIPWAY_DATABASE"] = facts["database"]
    words = [f"{name}={value.replace('$', '$$')}" for name, value in environment.items()]  # a build has variables too
    build["steps"][-1] |= {"env": words, "secretEnv": sorted(facts["secrets"])}
    secrets = [{"env": name, "versionName": version} for name, version in sorted(facts["secrets"].items())]
    return {
        **build,
        "source": {"storageSource": {"bucket": facts["bucket"], "object": source}},
        "substitutions": {"_PYTHON": facts["python"]},
        "availableSecrets": {"secretManager": secrets},
        "serviceAccount": f"projects/{facts['project']}/serviceAccounts/{facts['account']}",
    }


def _pack(release: Sendable, folder: Path) -> Path:
    """The bundle as a zip in that folder: App Engine takes no other."""
    release.bundle.pack(release.id, release.source, folder / "tar")
    with tarfile.open(folder / "tar") as packed, zipfile.ZipFile(folder / "zip", "w") as made:
        for member in packed:
            entry = zipfile.ZipInfo(member.name)
            entry.external_attr = member.mode << 16
            if content := packed.extractfile(member):
                made.writestr(entry, content.read(), zipfile.ZIP_DEFLATED)
    return folder / "zip"


def _version(release: str) -> str:
    """A release's version; one that Slipway didn't make is called as it is."""
    return f"r{release}" if re.fullmatch(r"[0-9a-f]{12}", release) else release


def _release(version: str) -> str:
    return version[1:] if re.fullmatch(r"r[0-9a-f]{12}", version) else version


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
