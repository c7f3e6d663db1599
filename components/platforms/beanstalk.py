"""AWS Elastic Beanstalk: an application's versions, and which of them its one environment runs. All
other settings are the engine's resource."""

import re
import tarfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from cloud_init.host.contracts.manifest import Health
from components.aws.control import account
from components.deployment import Deployment, Verb
from components.deployment.answers import Instance, Live, Release, Releases, Verdict
from components.errors import NotLaunchedError, SlipwayError, UsageError
from components.hosts import progress
from components.platforms import Overtaken, Sendable, older, rollback

KEPT = 5
_ID = re.compile("[0-9a-f]{12}")  # Amazon's sample app has a version, too
_POLL = 5.0  # seconds between two looks
_LONGEST = 5400.0  # seconds that a deployment may take: those of many instances do
_HANDED_IN = 20.0  # seconds that instances have to hand in their logs
_RDS = "a managed database has backups of Amazon's own, see `aws rds describe-db-snapshots`; others have those of who runs them"


class Beanstalk(Deployment):
    """One environment. `facts`: its `name`, which is the application's too, `region`, `account`,
    `profile`, `role`, the `bucket` of bundles and the `python` that it is to have."""

    refused: Mapping[Verb, str] = {
        "run": "a shell is `aws ssm start-session --target INSTANCE` (`status` names them), the app is in /var/app/current/src",
        "backup": _RDS,
        "backups": _RDS,
        "restore": "restore a managed database by `aws rds restore-db-instance-to-point-in-time`, and others where they run",
        "maintenance": "Elastic Beanstalk has no page to put up; let the app have one, or a rule of the load balancer answer",
    }
    health: Health

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.name, self.region, self.facts = str(facts["name"]), str(facts["region"]), facts
        account.sign_in(self.region, facts["account"], facts["profile"], "aws-beanstalk")

    def live(self) -> str | None:
        label = str((self._found() or {}).get("VersionLabel"))
        return label if _ID.fullmatch(label) else None

    def send(self, release: Sendable) -> None:
        found, wanted = str(self.environment()["SolutionStackName"]), f"running Python {self.facts['python']}"
        if not found.endswith(wanted):
            how = f"aws elasticbeanstalk update-environment --environment-name {self.name} --solution-stack-name '… {wanted}'"
            raise SlipwayError(f"slipway:app.python: wanted a platform {wanted}, found {found}; move it, or mend the setting: {how}")
        if release.id not in self._versions():
            place = {"S3Bucket": self.facts["bucket"], "S3Key": f"bundles/{release.id}.zip"}
            account.ask("s3", self.region, "PutObject", Bucket=place["S3Bucket"], Key=place["S3Key"], Body=_zipped(release))
            self._ask("CreateApplicationVersion", VersionLabel=release.id, SourceBundle=place, Process=True)
        while (known := self._versions())[release.id]["Status"] != "PROCESSED":
            if known[release.id]["Status"] == "FAILED":
                events = self._ask("DescribeEvents", VersionLabel=release.id)["Events"]
                self._forget(release.id)  # so that it may be sent again
                raise SlipwayError(_errors(events) or "the bundle was refused, and it isn't said why")
            time.sleep(_POLL)
        stay = {self.live(), release.id}
        for one in [one for one in known if one not in stay][KEPT - len(stay) :]:
            self._forget(one)

    def private_url(self, release: str) -> str | None:
        return None

    def promote(self, release: str, before: str | None) -> None:
        self._ready()
        if (live := self.live()) == release:  # an `up` that was cut off had it promoted
            return
        if live != before:
            raise Overtaken(f"somebody else had {live or 'nothing'} promoted meanwhile")
        self._update(release)

    def withdraw(self, release: str) -> None:
        raise SlipwayError(f"an environment runs one version or another: {release} stays until the next `up`")

    def status(self) -> Sequence[Instance]:
        live, named = self.live() or "", {"EnvironmentName": self.name, "AttributeNames": ["All"]}
        found = account.ask("elasticbeanstalk", self.region, "DescribeInstancesHealth", **named)["InstanceHealthList"]
        return [
            Instance(
                host=one["InstanceId"],
                ok=(ok := one["Color"] == "Green"),
                message="" if ok else f"{one['HealthStatus']}: {', '.join(one['Causes']) or 'no cause given'}",
                live=Live(release=one.get("Deployment", {}).get("VersionLabel", live)),
                problems=one["Causes"],
            )
            for one in found
        ]

    def logs(self, lines: int, follow: bool) -> Iterator[str]:
        """The ends of all logs, as the service has instances hand them in."""
        if follow:
            group = f"/aws/elasticbeanstalk/{self.name}/var/log/web.stdout.log"
            raise UsageError(f"logs: wanted no -f: instances hand in ends of logs; with the setting `logs`: aws logs tail --follow {group}")

        asked = {"EnvironmentName": self.name, "InfoType": "tail"}
        account.ask("elasticbeanstalk", self.region, "RequestEnvironmentInfo", **asked)
        time.sleep(_HANDED_IN)
        found = account.ask("elasticbeanstalk", self.region, "RetrieveEnvironmentInfo", **asked)["EnvironmentInfo"]
        newest = {one["Ec2InstanceId"]: one["Message"] for one in sorted(found, key=lambda one: one["SampleTimestamp"])}
        for instance, url in newest.items():
            with urlopen(url, timeout=30) as answer:
                yield from (f"{instance}: {line}" for line in answer.read().decode(errors="replace").splitlines()[-lines:])

    def releases(self) -> Sequence[Releases]:
        live, kept = self.live(), {name: one for name, one in self._versions().items() if one["Status"] == "PROCESSED"}
        known = [Release(id=name, prepared_at=one["DateCreated"].timestamp(), live=name == live) for name, one in kept.items()]
        return [Releases(host=self.name, ok=True, releases=known)]

    def rollback(self, release: str | None) -> Verdict:
        every, live = self.releases()[0].releases, self.live()
        kept = [one.id for one in every]
        if (wanted := release or next(iter(older(every)), "one before")) not in kept:
            return Verdict(False, f"rollback: wanted a release that is kept, found {wanted!r} among {', '.join(kept)}", wanted, live)
        return rollback(self, self.url, self.health, wanted)

    def environment(self) -> dict[str, Any]:
        """What the service says of it. Raises `NotLaunchedError`."""
        if found := self._found():
            return found
        raise NotLaunchedError(f"aws, {self.region}: wanted the environment {self.name}, found none; run `pulumi refresh`, then `up`")

    def _found(self) -> dict[str, Any] | None:
        found = self._ask("DescribeEnvironments", EnvironmentNames=[self.name], IncludeDeleted=False)["Environments"]
        return dict(found[0]) if found else None

    def _versions(self) -> dict[str, dict[str, Any]]:
        """Those of releases by their ids, the newest first."""
        found = sorted(self._ask("DescribeApplicationVersions")["ApplicationVersions"], key=lambda one: one["DateCreated"], reverse=True)
        return {one["VersionLabel"]: one for one in found if _ID.fullmatch(one["VersionLabel"])}

    def _forget(self, label: str) -> None:
        self._ask("DeleteApplicationVersion", VersionLabel=label, DeleteSourceBundle=True)

    def _ask(self, action: str, **given: Any) -> dict[str, Any]:
        return account.ask("elasticbeanstalk", self.region, action, ApplicationName=self.name, **given)

    def _update(self, label: str) -> None:
        """Raises `SlipwayError` with the events that are errors, or with why it isn't well then."""
        named = {"EnvironmentName": self.name}
        began = account.ask_once("elasticbeanstalk", self.region, "UpdateEnvironment", VersionLabel=label, **named)["DateUpdated"]
        time.sleep(_POLL)  # until all of the service knows that it is being changed
        found, errors = self._ready(began)
        if errors or found.get("VersionLabel") != label:
            raise SlipwayError(errors or f"the environment went back to {found.get('VersionLabel')} by itself, and it isn't said why")
        if found["Health"] == "Red":
            health = account.ask("elasticbeanstalk", self.region, "DescribeEnvironmentHealth", AttributeNames=["Causes"], **named)
            raise SlipwayError(f"the environment's health is red: {', '.join(health['Causes']) or 'no cause given'}")

    def _ready(self, since: Any = None) -> tuple[dict[str, Any], str]:
        """The environment, once nothing changes it any more, and what its errors `since` a moment
        say; all events since then are told as they come, and its health is known."""
        end, known = time.monotonic() + _LONGEST, list[dict[str, Any]]()
        while True:
            found = self.environment()
            events = self._ask("DescribeEvents", EnvironmentName=self.name, StartTime=since)["Events"] if since else []
            for event in (one for one in reversed(events) if one not in known):
                known.append(event)
                progress.note(self.name, event["Message"])
            if found["Status"] == "Ready" and not (since and found["Health"] == "Grey"):
                return found, _errors(known)
            if time.monotonic() > end:
                raise SlipwayError(f"wanted it ready in {_LONGEST:.0f} s, found {found['Status']}, {found['Health']}; run `up` again")
            time.sleep(_POLL)


connect = Beanstalk


def _errors(events: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(one["Message"] for one in events if one["Severity"] in ("ERROR", "FATAL"))


def _zipped(release: Sendable) -> bytes:
    """The bundle as the service takes it."""
    data = BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        release.bundle.pack(release.id, release.source, packed := Path(folder) / "bundle")
        with tarfile.open(packed) as tar:
            for member in tar:
                info, content = zipfile.ZipInfo(member.name), tar.extractfile(member)
                info.external_attr = (0o100000 | member.mode) << 16
                made.writestr(info, content.read() if content else b"", zipfile.ZIP_DEFLATED)
    return data.getvalue()
