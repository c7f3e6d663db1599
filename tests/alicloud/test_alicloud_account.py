"""What a user can be the cause of, as the cloud and its library tell it: one line with what to do."""

import json

import pytest
from alibaba import ACCOUNT, INSTANCE, REGION, anew
from systems_manager import Problem

from components.alicloud.control import account
from components.alicloud.control.account import AlicloudError
from components.alicloud.control.fleet_hosts import Instance
from components.errors import MissingError, SlipwayError, UsageError


def refused(kind=SlipwayError):
    with pytest.raises(kind) as caught:
        account.number(REGION)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_accounts_number(user):
    assert account.number(REGION) == ACCOUNT


def test_another_account_is_refused_before_anything_is_asked_of_it(user, service):
    with pytest.raises(UsageError) as caught:
        account.sign_in(REGION, "9" * 16, None)
    told = f"slipway:alicloud-ecs.account: wanted {'9' * 16}, found credentials of {ACCOUNT}; nothing was done"
    assert str(caught.value).startswith(told)
    account.sign_in(REGION, ACCOUNT, None)
    assert set(service.asked) == {"GetCallerIdentity"}


def test_a_profile_of_the_command_line(user, tmp_path):
    for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"):
        user.delenv(f"ALIBABA_CLOUD_{name}")
    anew()
    profile = {"name": "work", "mode": "AK", "access_key_id": "a", "access_key_secret": "b", "region_id": REGION}
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun/config.json").write_text(json.dumps({"current": "work", "profiles": [profile]}))
    account.sign_in(REGION, ACCOUNT, "work")
    account.sign_in(REGION, None, "wrok")
    assert "no credentials were found for the profile 'wrok' (unable to get profile with 'wrok'" in refused(MissingError)


def test_no_credentials(user):
    for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"):
        user.delenv(f"ALIBABA_CLOUD_{name}")
    anew()
    assert refused(MissingError).startswith(f"alicloud, {REGION}: no credentials were found; run `aliyun configure`, or set ALIBABA_CLOUD_")


def test_nobody_answers(user):
    user.setenv("ALIBABA_CLOUD_ENDPOINT_URL", "http://127.0.0.1:1")
    assert refused().startswith(f"alicloud, {REGION}: sts:GetCallerIdentity: not reachable (")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("Forbidden.RAM", "add sts:GetCallerIdentity to that user's or role's policy (docs/targets/alicloud-ecs.md) (Forbidden.RAM)"),
        ("NoPermission", "leave is wanted, and none given"),
        ("InvalidSecurityToken.Expired", "the credentials are over; log in again (InvalidSecurityToken.Expired)"),
        ("InvalidAccessKeyId.NotFound", "it doesn't know the credentials; see `aliyun configure list`"),
        ("SignatureDoesNotMatch", "it doesn't take the credentials; "),
        ("InvalidRegionId", "sts:GetCallerIdentity: InvalidRegionId: no such region"),
    ],
)
def test_answers(user, service, code, words):
    service.fails["GetCallerIdentity"] = [Problem(code, "no such\nregion")]
    with pytest.raises(AlicloudError) as caught:
        account.number(REGION)
    assert words in str(caught.value)
    assert (caught.value.code, "\n" in str(caught.value)) == (code, False)


def test_who_asks_too_often_is_asked_to_wait_after_a_second_try(user, service):
    often = Problem("Throttling.User", "Request was denied due to user flow control.")
    service.fails["GetCallerIdentity"] = [often]
    assert account.number(REGION) == ACCOUNT
    service.fails["GetCallerIdentity"] = [often, often]
    assert "sts:GetCallerIdentity: asked too often; wait a little" in refused()


def test_lists_are_numbered():
    given = {"Tag": [{"Key": "a", "Value": "b"}], "InstanceId": ["i"], "KeepCommand": False}
    assert account._flat(given) == {"Tag.1.Key": "a", "Tag.1.Value": "b", "InstanceId.1": "i", "KeepCommand": "false"}


@pytest.fixture
def instance(user):
    return Instance(REGION, INSTANCE)


def test_a_command_is_one_however_often_it_is_sent(instance, service):
    service.fails["RunCommand"] = [Problem("ServiceUnavailable")]
    identity = instance.send("echo a; exit 3", "status")
    while (shown := instance.look(identity, 1.0)) is None:
        pass
    assert (shown.status, shown.out, len(service.sent)) == (3, "a\n", 1)
    assert (service.sent[0]["Name"], service.sent[0]["TerminationMode"]) == ("slipway-status", "ProcessTree")


def test_a_cancelled_command_and_a_silent_agent_are_told(instance, service):
    identity = instance.send("sleep 0.2", "exec")
    instance.cancel(identity)
    assert service.cancelled == [identity]
    with pytest.raises(SlipwayError, match="the command ended as Terminated"):
        instance.look(identity, 1.0)
    service.silent.add(INSTANCE)
    with pytest.raises(SlipwayError, match=rf"{INSTANCE}: Cloud Assistant doesn't hear of it \(yet\); a new server needs a minute or two"):
        instance.send("true", "status")
    with pytest.raises(SlipwayError, match="the client is not running"):
        instance.look(*_given_up(service))


def _given_up(service):
    service.known["t-9"] = {"InvocationStatus": "Failed", "ErrorCode": "ClientNotRunning", "ErrorInfo": "the client is not running"}
    return "t-9", 1.0


def test_who_may_not_run_commands_is_told(instance, service):
    service.fails["RunCommand"] = [Problem("Forbidden.RAM")]
    with pytest.raises(SlipwayError, match="add ecs:RunCommand to that user's or role's policy"):
        instance.send("true", "status")
