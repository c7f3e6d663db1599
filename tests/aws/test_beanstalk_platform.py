"""The platform's file against a stand-in of Elastic Beanstalk: releases, one that fails at each step, two deployers, what is kept."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import beanstalk_standin as standin
import boto3
import pytest
from buckets import REGION

from cloud_init.host.contracts.manifest import Code, File, Health
from components import platforms, target
from components.aws.control import account
from components.errors import NotLaunchedError, SlipwayError, UsageError
from components.hosts import progress
from components.platforms import Overtaken, Sendable
from components.platforms.beanstalk import Beanstalk, connect
from components.release.bundle import Bundle
from components.settings import parse
from components.source import archive
from components.target import StackPlace

NAME = "shop-dev-0123456789ab"
STACK = "64bit Amazon Linux 2023 v4.12.0 running Python 3.14"
HEALTH = Health("/", "localhost", 1)


def bundle(code: Code) -> Bundle:
    return Bundle(code, (File("Procfile", "web: gunicorn\n"), File(".ebextensions/slipway.config", "{}")), {}, HEALTH)


class Shop:
    """An app that is launched, without a first release: what `./slipway up` makes before `Deploy`."""

    def __init__(self, folder: Path, told: Path) -> None:
        self.folder, self.told = folder, told
        (folder / "wsgi.py").write_text("app = None\n")
        self.code = archive.collect(folder, keep=True)
        self.client: Any = boto3.client("elasticbeanstalk", region_name=REGION)
        self.s3: Any = boto3.client("s3", region_name=REGION)
        self.facts: dict[str, Any] = {
            "platform": "beanstalk",
            "name": NAME,
            "region": REGION,
            "bucket": "bundles-of-shop",
            "python": "3.14",
        }
        self.facts |= dict.fromkeys(("account", "profile"))
        self.s3.create_bucket(Bucket="bundles-of-shop", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.client.create_application(ApplicationName=NAME)
        self.client.create_environment(ApplicationName=NAME, EnvironmentName=NAME, SolutionStackName=STACK)
        self.platform: Any = connect(self.facts)
        self.platform._ready()
        self.served: str | None = None
        """What users are answered by, where that isn't the environment's version."""

    def sendable(self, identity: str) -> Sendable:
        return Sendable(identity, bundle(self.code), self.folder, {"TOKEN": "s3cret"})

    def deploy(self, identity: str, proven: str | None = None) -> Any:
        return platforms.deploy(self.platform, self.url, self.sendable(identity), proven)

    def updates(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.told / "updates").read_text().splitlines()]

    def objects(self) -> set[str]:
        return {one["Key"] for one in self.s3.list_objects_v2(Bucket="bundles-of-shop").get("Contents", [])}

    def labels(self) -> set[str]:
        return {key[1] for key in standin.SERVICE.versions}

    url = ""


@pytest.fixture(scope="session", autouse=True)
def _complete() -> None:
    standin.complete()


@pytest.fixture
def shop(user: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    told, folder = tmp_path / "told", tmp_path / "app"
    told.mkdir()
    folder.mkdir()
    (told / "settle").write_text("0.05")
    user.setenv(standin.TOLD, str(told))
    user.setattr("components.platforms.beanstalk._POLL", 0.02)
    user.setattr("components.platforms.beanstalk._HANDED_IN", 0.0)
    user.setattr("components.platforms.beanstalk._LONGEST", 5.0)
    standin.SERVICE.__init__()  # type: ignore[misc]
    import moto.s3.models as s3

    s3.s3_backends.reset()
    made = Shop(folder, told)

    class Answer(BaseHTTPRequestHandler):
        """The environment's address; `/tail` is what an instance handed in."""

        def do_GET(self) -> None:
            label = made.served or standin.SERVICE.environments[-1]["VersionLabel"]
            self.send_response(200)
            self.send_header("X-Release-Id", label)
            self.end_headers()
            self.wfile.write(b"one\ntwo\nthree\n")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    (told / "tail").write_text(f"{made.url}/tail")
    yield made
    server.shutdown()


ONE, TWO = "a" * 12, "b" * 12


def test_two_releases_and_a_way_back_are_changes_of_the_version_alone(shop: Any) -> None:
    assert shop.platform.live() is None
    heard: list[str] = []
    with progress.listen(lambda step: heard.append(step.text or step.step)):
        assert shop.deploy(ONE).ok
    assert "Environment update is starting." in heard
    assert "Environment update completed successfully." in heard
    assert shop.deploy(TWO, ONE).ok
    assert [one.id for one in shop.platform.releases()[0].releases] == [TWO, ONE]
    shop.platform.url, shop.platform.health = shop.url, HEALTH
    assert shop.platform.rollback(None).ok
    assert shop.platform.live() == ONE
    assert shop.platform.rollback(None).message == f"rollback: wanted a release that is kept, found 'one before' among {TWO}, {ONE}"
    assert shop.platform.rollback(TWO).ok
    nothing: dict[str, Any] = {"settings": [], "removed": 0, "platform": None}
    assert shop.updates() == [{"version": one, **nothing} for one in (ONE, TWO, ONE, TWO)]


def test_a_bundle_has_the_releases_id_and_no_secret_and_is_a_zip_with_modes(shop: Any) -> None:
    import io
    import zipfile

    shop.deploy(ONE)
    data = shop.s3.get_object(Bucket="bundles-of-shop", Key=f"bundles/{ONE}.zip")["Body"].read()
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        assert made.read("files/release") == f"{ONE}\n".encode()
        assert sorted(made.namelist()) == [".ebextensions/slipway.config", "Procfile", "files/release", "src/wsgi.py"]
        assert {info.external_attr >> 16 for info in made.infolist()} == {0o100644}
        assert not [name for name in made.namelist() if b"s3cret" in made.read(name)]


def test_a_release_whose_deployment_fails_is_told_by_its_events(shop: Any) -> None:
    shop.deploy(ONE)
    (shop.told / "fail").write_text("[Instance: i-1] Command failed on instance. ModuleNotFoundError: No module named 'shop'")
    verdict = shop.deploy(TWO, ONE)
    assert (verdict.ok, verdict.live) == (False, ONE)
    assert f"release {TWO} was refused; release {ONE} still serves" in verdict.message
    assert "promote: [Instance: i-1] Command failed on instance. ModuleNotFoundError: No module named 'shop'; Failed" in verdict.message
    assert [one["version"] for one in shop.updates()] == [ONE, TWO]  # it went back by itself
    (shop.told / "fail").unlink()
    assert shop.deploy(TWO, ONE).ok


def test_a_release_that_is_red_is_taken_back_by_the_same_call(shop: Any) -> None:
    shop.deploy(ONE)
    (shop.told / "red").touch()
    verdict = shop.deploy(TWO, ONE)
    assert "the environment's health is red: 83.3 % of the requests are failing with HTTP 5xx." in verdict.message
    assert [one["version"] for one in shop.updates()] == [ONE, TWO, ONE]


def test_a_release_that_users_do_not_see_is_taken_back(shop: Any) -> None:
    shop.deploy(ONE)
    shop.served = ONE
    verdict = shop.deploy(TWO, ONE)
    assert (verdict.ok, verdict.live, shop.platform.live()) == (False, ONE, ONE)


def test_the_very_first_one_stays_and_that_is_told(shop: Any) -> None:
    shop.served = "nobody"
    verdict = shop.deploy(ONE)
    assert not verdict.ok
    assert f"an environment runs one version or another: {ONE} stays until the next `up`" in verdict.message
    shop.served = None
    assert shop.deploy(TWO).ok


def test_a_bundle_that_is_refused_is_told_and_may_be_sent_again(shop: Any) -> None:
    (shop.told / "refuse").write_text("Configuration files cannot be extracted from the application version.")
    assert "send: Configuration files cannot be extracted from the application version." in shop.deploy(ONE).message
    (shop.told / "refuse").unlink()
    assert shop.deploy(ONE).ok


def test_of_two_deployers_one_wins(shop: Any) -> None:
    shop.deploy(ONE)
    shop.platform.send(shop.sendable(TWO))
    with pytest.raises(Overtaken, match=f"somebody else had {ONE} promoted meanwhile"):
        shop.platform.promote(TWO, "c" * 12)
    (shop.told / "settle").write_text("0.5")  # the other one's is under way: this one waits, and loses
    shop.client.update_environment(EnvironmentName=NAME, VersionLabel=TWO)
    shop.platform.send(shop.sendable("c" * 12))
    with pytest.raises(Overtaken, match=f"somebody else had {TWO} promoted meanwhile"):
        shop.platform.promote("c" * 12, ONE)


def test_an_up_that_was_cut_off_goes_on(shop: Any) -> None:
    shop.deploy(ONE)
    shop.platform.send(shop.sendable(TWO))  # cut off here
    (shop.told / "settle").write_text("0.5")
    shop.client.update_environment(EnvironmentName=NAME, VersionLabel=TWO)  # and after this call
    assert shop.deploy(TWO, ONE).ok
    assert [one["version"] for one in shop.updates()] == [ONE, TWO]
    shop.platform.promote(TWO, ONE)
    assert len(shop.updates()) == 2


def test_five_versions_are_kept_with_their_bundles_and_none_in_use_goes(shop: Any) -> None:
    identities = [f"{number:012x}" for number in range(8)]
    shop.deploy(identities[0])
    for one in identities[1:]:
        shop.platform.send(shop.sendable(one))
    assert shop.labels() == {identities[0], *identities[-4:]}
    assert shop.objects() == {f"bundles/{one}.zip" for one in shop.labels()}


def test_status_and_logs(shop: Any) -> None:
    shop.deploy(ONE)
    (instance,) = shop.platform.status()
    assert (instance.host, instance.ok, instance.live.release) == ("i-0123456789abcdef0", True, ONE)
    standin.SERVICE.environments[-1]["Health"] = "Red"
    (instance,) = shop.platform.status()
    assert (instance.ok, instance.message) == (False, "Severe: Following services are not running: web.")
    assert [*shop.platform.logs(2, False)] == ["i-0123456789abcdef0: two", "i-0123456789abcdef0: three"]
    with pytest.raises(UsageError, match="logs: wanted no -f"):
        next(shop.platform.logs(2, True))


def test_a_version_and_settings_in_one_update_are_refused(shop: Any) -> None:
    """The stand-in refuses both at once: so the order of the two is a test that can fail."""
    shop.deploy(ONE)
    option = [{"Namespace": "aws:elasticbeanstalk:command", "OptionName": "DeploymentPolicy", "Value": "Immutable"}]
    with pytest.raises(shop.client.exceptions.ClientError, match="InvalidParameterCombination"):
        shop.client.update_environment(EnvironmentName=NAME, VersionLabel=ONE, OptionSettings=option)


def test_what_is_not_there_and_what_may_not_be_is_told_in_a_line(shop: Any) -> None:
    other: Any = connect({**shop.facts, "name": "other"})
    assert other.live() is None
    with pytest.raises(
        NotLaunchedError, match=r"^aws, eu-west-1: wanted the environment other, found none; run `pulumi refresh`, then `up`$"
    ):
        other.environment()
    with pytest.raises(SlipwayError, match=r"wanted a platform running Python 3.13, found 64bit .* running Python 3.14; move it, or mend"):
        connect({**shop.facts, "python": "3.13"}).send(shop.sendable(ONE))
    with pytest.raises(UsageError, match=r"slipway:aws-beanstalk.account: wanted 999999999999, found credentials of 123456789012"):
        connect({**shop.facts, "account": "9" * 12})
    wanted = r"elasticbeanstalk:DescribeEnvironments: .*AccessDenied.*; add that to .*\(docs/targets/aws-beanstalk.md\)$"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account, "_made", _denied)
        with pytest.raises(SlipwayError, match=wanted):
            shop.platform.live()


def _denied(*_: Any) -> Any:
    from botocore.exceptions import ClientError

    class Client:
        def describe_environments(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeEnvironments")

    return Client()


def test_a_deployment_is_found_without_the_engines_state(shop: Any, tmp_path: Path) -> None:
    """By the names that the plan gives application and environment: tests/aws/test_beanstalk_contract.py has the same."""
    config = {"target": "aws-beanstalk", "app": {"name": "showcase", "path": "."}, "aws-beanstalk": {"region": REGION}}
    settings = parse({f"slipway:{key}": value for key, value in config.items()}, (), "dev")
    place, module = StackPlace(tmp_path, "slipway", "dev"), target.find("aws-beanstalk")
    with pytest.raises(NotLaunchedError, match="wanted the environment showcase-dev-47c65bddc390, found none"):
        module.deployment(settings, place)
    name = "showcase-dev-47c65bddc390"
    shop.client.create_application(ApplicationName=name)
    shop.client.create_environment(ApplicationName=name, EnvironmentName=name, SolutionStackName=STACK)
    found = module.deployment(settings, place)
    assert found.url == f"http://{name}.{REGION}.elasticbeanstalk.com"
    assert not found.releases()[0].releases  # Amazon's sample app is none
    with pytest.raises(UsageError, match=r"^exec: a shell is `aws ssm start-session --target INSTANCE`"):
        found.run(["ls"], None)
    with pytest.raises(UsageError, match=r"^maintenance: Elastic Beanstalk has no page to put up"):
        found.maintenance(True)


def test_every_verb_that_is_refused_says_what_there_is() -> None:
    assert Beanstalk.refused.keys() == {"run", "backup", "backups", "restore", "maintenance"}
