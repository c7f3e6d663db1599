"""Elastic Beanstalk as far as moto 5.2.5 hasn't got it: versions, environments with settings, events. On moto's own class of answers.

It is as strict as the service's documentation says it is: a version and settings in one update are refused, so is an update while
another one is under way, and the removal of a version in use. What it keeps is one process's."""

import datetime
import itertools
import json
import os
import threading
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

TOLD = "SLIPWAY_BEANSTALK"
"""The variable with a folder. A file `fail` there: what the next deployment's ERROR event says, before the environment goes back; `settle`:
seconds that anything takes; `updates`: what was asked of UpdateEnvironment, a JSON object a line."""
PYTHONS = ("3.9", "3.11", "3.12", "3.14", "3.13")
DEFAULTS = {
    ("aws:elasticbeanstalk:command", "DeploymentPolicy"): "AllAtOnce", ("aws:autoscaling:asg", "MinSize"): "1",
    ("aws:autoscaling:asg", "MaxSize"): "4", ("aws:elasticbeanstalk:environment", "EnvironmentType"): "LoadBalanced",
    ("aws:elasticbeanstalk:environment", "LoadBalancerType"): "classic", ("aws:ec2:instances", "SpotFleetOnDemandBase"): "0",
    ("aws:elasticbeanstalk:container:python", "WSGIPath"): "application",
}  # fmt: skip
"""Some of what the service tells beside what it was given."""
SAMPLE = "Sample Application"


class Service:
    """What there is, by region in one account."""

    def __init__(self) -> None:
        self.applications: dict[str, dict[str, Any]] = {}
        self.versions: dict[tuple[str, str], dict[str, Any]] = {}
        self.environments: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.tags: dict[str, dict[str, str]] = {}
        self.asked: dict[str, datetime.datetime] = {}
        self.numbers = itertools.count(1)


SERVICE = Service()


def _folder() -> Path:
    return Path(os.environ[TOLD])


def _settle() -> float:
    file = _folder() / "settle"
    return float(file.read_text()) if file.exists() else 0.3


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _tell(environment: dict[str, Any], message: str, severity: str = "INFO") -> None:
    names = {key: environment[key] for key in ("ApplicationName", "EnvironmentName")}
    SERVICE.events.append({"EventDate": _now(), "Message": message, "Severity": severity, **names})


def _later(environment: dict[str, Any], status: str, health: str, back: str | None = None) -> None:
    """Ends an operation in a while; `back`: the version it goes back to where it was told to fail."""

    def end() -> None:
        time.sleep(_settle())
        fail = _folder() / "fail"
        if back is not None and fail.exists():
            _tell(environment, fail.read_text(), "ERROR")
            environment["VersionLabel"] = back
            _tell(environment, "Failed to deploy application.", "ERROR")
        environment.update({"Status": status, "Health": health, "DateUpdated": _now()})
        _tell(environment, "Environment update completed successfully." if status == "Ready" else "terminateEnvironment completed.")

    threading.Thread(target=end, daemon=True).start()


class Answers:
    """Functions that moto's class of answers gets. `self` is an object of that."""

    def create_application(self: Any) -> Any:
        name = self._get_param("ApplicationName")
        if name in SERVICE.applications:
            raise _invalid(f"Application {name} already exists.")
        rule = {"Enabled": False, "DeleteSourceFromS3": False}
        lifecycle = {"VersionLifecycleConfig": {"MaxCountRule": {**rule, "MaxCount": 200}, "MaxAgeRule": {**rule, "MaxAgeInDays": 180}}}
        made = {"ApplicationName": name, "ApplicationArn": _arn(self, "application", name), "Description": self._get_param("Description")}
        SERVICE.tags[made["ApplicationArn"]] = _tags(self)
        SERVICE.applications[name] = {**made, "DateCreated": _now(), "DateUpdated": _now(), "ResourceLifecycleConfig": lifecycle}
        return _result({"Application": SERVICE.applications[name]})

    def describe_applications(self: Any) -> Any:
        names = self._get_param("ApplicationNames")
        return _result({"Applications": [one for name, one in SERVICE.applications.items() if not names or name in names]})

    def update_application(self: Any) -> Any:
        return _result({"Application": SERVICE.applications[self._get_param("ApplicationName")]})

    def delete_application(self: Any) -> Any:
        name = self._get_param("ApplicationName")
        if [one for one in SERVICE.environments if one["ApplicationName"] == name and one["Status"] != "Terminated"]:
            raise _invalid(f"Unable to delete application {name} because it has a version that is deployed to a running environment.")
        SERVICE.applications.pop(name, None)
        for key in [key for key in SERVICE.versions if key[0] == name]:
            del SERVICE.versions[key]
        return _nothing()

    def create_application_version(self: Any) -> Any:
        application, label = self._get_param("ApplicationName"), self._get_param("VersionLabel")
        if application not in SERVICE.applications:
            raise _invalid(f"No Application named '{application}' found.")
        if (application, label) in SERVICE.versions:
            raise _invalid(f"Application Version {label} already exists.")
        place = self._get_param("SourceBundle")
        made = {"ApplicationName": application, "VersionLabel": label, "SourceBundle": place, "DateCreated": _now(), "DateUpdated": _now()}
        made["Status"] = _processed(self, application, label, place) if self._get_param("Process") else "UNPROCESSED"
        SERVICE.versions[application, label] = made
        return _result({"ApplicationVersion": made})

    def describe_application_versions(self: Any) -> Any:
        application, labels = self._get_param("ApplicationName"), self._get_param("VersionLabels")
        found = [one for key, one in SERVICE.versions.items() if key[0] == application and (not labels or key[1] in labels)]
        return _result({"ApplicationVersions": found})

    def delete_application_version(self: Any) -> Any:
        application, label = self._get_param("ApplicationName"), self._get_param("VersionLabel")
        for one in SERVICE.environments:
            if (one["ApplicationName"], one["VersionLabel"]) == (application, label) and one["Status"] != "Terminated":
                raise _invalid(f"Unable to delete application version {label} because it is in use by the following environments: {one}")
        gone = SERVICE.versions.pop((application, label), None)
        if gone and str(self._get_param("DeleteSourceBundle")).lower() == "true":
            _bucket(self).delete_object(gone["SourceBundle"]["S3Bucket"], gone["SourceBundle"]["S3Key"])
        return _nothing()

    def create_environment(self: Any) -> Any:
        application, name = self._get_param("ApplicationName"), self._get_param("EnvironmentName")
        if not 4 <= len(name) <= 40:
            raise _invalid(f"Value {name} at 'EnvironmentName' failed to satisfy constraint: length must be 4 to 40")
        if any(one["EnvironmentName"] == name and one["Status"] != "Terminated" for one in SERVICE.environments):
            raise _invalid(f"Environment {name} already exists.")
        identity = f"e-{next(SERVICE.numbers):010d}"
        made = {
            "EnvironmentName": name, "EnvironmentId": identity, "ApplicationName": application,
            "VersionLabel": self._get_param("VersionLabel") or SAMPLE, "SolutionStackName": self._get_param("SolutionStackName"),
            "PlatformArn": f"arn:aws:elasticbeanstalk:{self.region}::platform/x", "EndpointURL": f"awseb-{identity}.elb.amazonaws.com",
            "CNAME": f"{name}.{self.region}.elasticbeanstalk.com", "DateCreated": _now(), "DateUpdated": _now(), "Status": "Launching",
            "Health": "Grey", "AbortableOperationInProgress": False, "EnvironmentLinks": [],
            "Tier": {"Name": "WebServer", "Type": "Standard", "Version": "1.0"},
            "EnvironmentArn": _arn(self, "environment", f"{application}/{name}"), "options": {},
        }  # fmt: skip
        SERVICE.tags[made["EnvironmentArn"]] = _tags(self)
        SERVICE.environments.append(made)
        _set(self, made)
        _tell(made, "createEnvironment is starting.")
        _later(made, "Ready", "Green")
        return _result(made)

    def describe_environments(self: Any) -> Any:
        ids, names, application = (self._get_param(one) for one in ("EnvironmentIds", "EnvironmentNames", "ApplicationName"))
        gone = str(self._get_param("IncludeDeleted")).lower() == "true"
        found = [one for one in SERVICE.environments if gone or one["Status"] != "Terminated"]
        found = [one for one in found if (not ids or one["EnvironmentId"] in ids) and (not names or one["EnvironmentName"] in names)]
        return _result({"Environments": [one for one in found if application in (None, one["ApplicationName"])]})

    def update_environment(self: Any) -> Any:
        one, label = _environment(self), self._get_param("VersionLabel")
        settings, removed = self._get_param("OptionSettings") or [], self._get_param("OptionsToRemove") or []
        named = sorted(f"{one['Namespace']} {one['OptionName']}" for one in settings)
        asked = {"version": label, "settings": named, "removed": len(removed)}
        with (_folder() / "updates").open("a") as file:
            file.write(json.dumps({**asked, "platform": self._get_param("SolutionStackName")}) + "\n")
        if label and (settings or removed):
            raise _invalid("Cannot update both version and configuration at the same time.", "InvalidParameterCombination")
        if one["Status"] != "Ready":
            raise _invalid(f"Environment named {one['EnvironmentName']} is in an invalid state for this operation. Must be Ready.")
        if label and (one["ApplicationName"], label) not in SERVICE.versions:
            raise _invalid(f"No Application Version named '{label}' found.")
        back, one["VersionLabel"] = one["VersionLabel"], label or one["VersionLabel"]
        one["SolutionStackName"] = self._get_param("SolutionStackName") or one["SolutionStackName"]
        _set(self, one)
        one |= {"Status": "Updating", "Health": "Grey", "DateUpdated": _now()}
        _tell(one, "Environment update is starting.")
        _later(one, "Ready", "Red" if (_folder() / "red").exists() else "Green", back if label else None)
        return _result(one)

    def terminate_environment(self: Any) -> Any:
        one = _environment(self)
        one["Status"] = "Terminating"
        _later(one, "Terminated", "Grey")
        return _result(one)

    def describe_environment_resources(self: Any) -> Any:
        name = _environment(self)["EnvironmentName"]
        groups = {"AutoScalingGroups": [{"Name": f"awseb-{name}"}], "Instances": [{"Id": "i-0123456789abcdef0"}]}
        more: dict[str, Any] = {key: [] for key in ("LaunchConfigurations", "LaunchTemplates", "LoadBalancers", "Triggers", "Queues")}
        return _result({"EnvironmentResources": {"EnvironmentName": name, **groups, **more}})

    def describe_configuration_settings(self: Any) -> Any:
        one = _environment(self)
        known = {**{key: (value, None) for key, value in DEFAULTS.items()}, **one["options"]}
        told = [
            {"Namespace": space, "OptionName": name, "Value": value, **({"ResourceName": resource} if resource else {})}
            for (space, name), (value, resource) in sorted(known.items())
        ]
        names = {key: one[key] for key in ("SolutionStackName", "ApplicationName", "EnvironmentName", "DateCreated", "DateUpdated")}
        return _result({"ConfigurationSettings": [{**names, "DeploymentStatus": "deployed", "OptionSettings": told}]})

    def describe_events(self: Any) -> Any:
        wanted = {key: self._get_param(key) for key in ("ApplicationName", "EnvironmentName", "VersionLabel", "Severity")}
        if identity := self._get_param("EnvironmentId"):
            wanted["EnvironmentName"] = next(one["EnvironmentName"] for one in SERVICE.environments if one["EnvironmentId"] == identity)
        since = self._get_param("StartTime")
        since = datetime.datetime.fromisoformat(since.replace("Z", "+00:00")) if isinstance(since, str) else since
        since = since.replace(tzinfo=datetime.UTC) if since and not since.tzinfo else since
        found = [one for one in SERVICE.events if all(value in (None, one.get(key)) for key, value in wanted.items())]
        return _result({"Events": [one for one in reversed(found) if not since or one["EventDate"] >= since]})

    def describe_environment_health(self: Any) -> Any:
        return _result({"Causes": ["83.3 % of the requests are failing with HTTP 5xx."], "Color": _environment(self)["Health"]})

    def describe_instances_health(self: Any) -> Any:
        one = _environment(self)
        red = one["Health"] != "Green"
        known = {"InstanceId": "i-0123456789abcdef0", "HealthStatus": "Severe" if red else "Ok", "Color": one["Health"]}
        causes = ["Following services are not running: web."] if red else []
        return _result({"InstanceHealthList": [{**known, "Causes": causes, "Deployment": {"VersionLabel": one["VersionLabel"]}}]})

    def request_environment_info(self: Any) -> Any:
        SERVICE.asked[self._get_param("EnvironmentName")] = _now()
        return _nothing()

    def retrieve_environment_info(self: Any) -> Any:
        """The address that the test serves at, as the service gives one of its bucket's."""
        at, url = SERVICE.asked[self._get_param("EnvironmentName")], (_folder() / "tail").read_text()
        known = {"InfoType": "tail", "Ec2InstanceId": "i-0123456789abcdef0", "SampleTimestamp": at, "Message": url}
        return _result(
            {"EnvironmentInfo": [known, {**known, "SampleTimestamp": at - datetime.timedelta(1), "Message": "http://127.0.0.1:1/"}]}
        )

    def list_tags_for_resource(self: Any) -> Any:
        arn = self._get_param("ResourceArn")
        return _result({"ResourceArn": arn, "ResourceTags": [{"Key": key, "Value": value} for key, value in SERVICE.tags[arn].items()]})

    def update_tags_for_resource(self: Any) -> Any:
        tags = SERVICE.tags[self._get_param("ResourceArn")]
        tags.update({one["Key"]: one.get("Value", "") for one in self._get_param("TagsToAdd") or []})
        for key in self._get_param("TagsToRemove") or []:
            tags.pop(key, None)
        return _nothing()


def _result(told: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(told)


def _nothing() -> Any:
    from moto.core.responses import EmptyResult

    return EmptyResult()


def _invalid(message: str, code: str = "InvalidParameterValue") -> Any:
    from moto.core.exceptions import ServiceException

    class Invalid(ServiceException):
        pass

    Invalid.code = code
    return Invalid(message)


def _arn(answers: Any, kind: str, path: str) -> str:
    return f"arn:aws:elasticbeanstalk:{answers.region}:{answers.current_account}:{kind}/{path}"


def _tags(answers: Any) -> dict[str, str]:
    return {one["Key"]: one.get("Value", "") for one in answers._get_param("Tags") or []}


def _bucket(answers: Any) -> Any:
    from moto.s3.models import s3_backends

    return s3_backends[answers.current_account]["aws"]


def _processed(answers: Any, application: str, label: str, place: dict[str, str]) -> str:
    """The service's own look at a bundle: it has to be a ZIP with a Procfile, its `.ebextensions` JSON or YAML."""
    data = _bucket(answers).get_object(place["S3Bucket"], place["S3Key"]).value
    try:
        with zipfile.ZipFile(BytesIO(data)) as bundle:
            bundle.getinfo("Procfile")
            for name in bundle.namelist():
                if name.startswith(".ebextensions/"):
                    json.loads(bundle.read(name))
        refused = (_folder() / "refuse").read_text() if (_folder() / "refuse").exists() else ""
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        refused = str(error)
    if refused:
        told = {"ApplicationName": application, "VersionLabel": label, "Severity": "ERROR", "Message": refused}
        SERVICE.events.append({"EventDate": _now(), **told})
    return "FAILED" if refused else "PROCESSED"


def _environment(answers: Any) -> dict[str, Any]:
    identity, name = answers._get_param("EnvironmentId"), answers._get_param("EnvironmentName")
    found = [one for one in SERVICE.environments if one["EnvironmentId"] == identity or one["EnvironmentName"] == name]
    alive = [one for one in found if one["Status"] != "Terminated"] or found
    if not alive:
        raise _invalid(f"No Environment found for EnvironmentName = '{name}'.")
    return alive[-1]


def _set(answers: Any, environment: dict[str, Any]) -> None:
    for one in answers._get_param("OptionsToRemove") or []:
        environment["options"].pop((one["Namespace"], one["OptionName"]), None)
    for one in answers._get_param("OptionSettings") or []:
        environment["options"][one["Namespace"], one["OptionName"]] = (one.get("Value", ""), one.get("ResourceName"))


def complete() -> None:
    """Moto's class of answers gets all of it."""
    from moto.elasticbeanstalk import responses

    stacks = [f"64bit Amazon Linux 2023 v4.12.0 running Python {version}" for version in PYTHONS]
    responses.SOLUTION_STACK_DETAILS[:0] = [{"SolutionStackName": one, "PermittedFileTypes": ["zip"]} for one in stacks]
    for name, function in vars(Answers).items():
        if not name.startswith("_"):
            setattr(responses.EBResponse, name, function)
