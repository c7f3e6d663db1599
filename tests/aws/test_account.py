"""What a user can be the cause of, as AWS and its library tell it: one line with what to do."""

import pytest
from buckets import REGION

from components.aws import common
from components.aws.control import account
from components.aws.control.account import AwsError, translated
from components.errors import MissingError, SlipwayError, UsageError
from components.release.store import connect


def refused(kind=SlipwayError):
    with pytest.raises(kind) as caught:
        account.number(REGION)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_accounts_number(user):
    assert account.number(REGION) == "123456789012"


def test_no_credentials(user):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        user.delenv(name)
    line = refused(MissingError)
    assert line.startswith("aws, eu-west-1: sts:GetCallerIdentity: Unable to locate credentials; run `aws configure` or `aws sso login`,")


def test_a_profile_that_is_not_there(user):
    user.setenv("AWS_PROFILE", "wrok")
    assert "(wrok) could not be found; run `aws configure` or `aws sso login`, or set AWS_PROFILE" in refused(MissingError)
    with pytest.raises(SlipwayError, match=r"s3://some: no AWS credentials were found \(.*wrok.*\); log in"):
        connect("s3://some?region=eu-west-1")


def test_a_stacks_own_login_holds_for_what_is_asked_and_for_its_store(user, tmp_path):
    """Both of them, whatever the environment says: the other engine's provider is told the same."""
    keys, role = "aws_access_key_id = a\naws_secret_access_key = b\n", "arn:aws:iam::210987654321:role/deploy"
    (tmp_path / "CONFIG").write_text(f"[profile own]\n{keys}[profile work]\nsource_profile = own\nrole_arn = {role}\n")
    user.setenv("AWS_PROFILE", "wrok")
    try:
        account.sign_in(REGION, None, "work")
        assert account.number(REGION) == "210987654321"
        account.ask("s3", REGION, "CreateBucket", Bucket="signed", CreateBucketConfiguration={"LocationConstraint": REGION})
        store = connect(common.signed(common.store_address("signed", REGION), "work"))
        store.put("a", b"1")
        assert store.get("a") == b"1"
        with pytest.raises(SlipwayError, match="wrok"):
            connect("s3://signed?region=eu-west-1")
    finally:
        account.sign_in(REGION, None, None)


def test_another_account_is_refused_before_anything_is_asked_of_it(user):
    with pytest.raises(UsageError) as caught:
        account.sign_in(REGION, "999999999999", None)
    assert str(caught.value).startswith("slipway:aws-ec2.account: wanted 999999999999, found credentials of 123456789012; nothing was done")
    account.sign_in(REGION, "123456789012", None)


def test_a_login_that_is_over(user, tmp_path):
    user.delenv("AWS_ACCESS_KEY_ID")
    user.setenv("HOME", str(tmp_path))
    lines = [
        "[default]",
        "sso_start_url = https://x.example",
        "sso_region = eu-west-1",
        "sso_account_id = 123456789012",
        "sso_role_name = r",
    ]
    (tmp_path / "CONFIG").write_text("\n".join(lines))
    assert refused(MissingError).endswith("; log in again (`aws sso login`), or renew what AWS_SESSION_TOKEN came with")


def test_nobody_answers(user):
    user.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(SlipwayError, match=r"aws, eu-west-1: sts:GetCallerIdentity: Could not connect .*AWS_ENDPOINT_URL"):
        account.ask_once("sts", REGION, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("code", "operation", "message", "words"),
    [
        ("UnauthorizedOperation", "DescribeVpcs", "You are not authorized to perform this operation.",
         "calling the DescribeVpcs operation: You are not authorized to perform this operation.; add that to the user's or role's policy"),
        ("AccessDenied", "AssumeRole", "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on resource: y",
         "User: arn:aws:iam::1:user/x is not authorized to perform: sts:AssumeRole on resource: y; add that"),
        ("RequestExpired", "DescribeVpcs", "Request has expired.", "log in again"),
        ("AuthFailure", "DescribeVpcs", "AWS was not able to validate", "see with `aws configure list` which are used"),
        ("SignatureDoesNotMatch", "DescribeVpcs", "Signature expired", "look at this machine's clock"),
        ("UnauthorizedException", "GetRoleCredentials", "Session token not found", "Session token not found; log in again"),
        ("RequestLimitExceeded", "DescribeVpcs", "", "wait a little, then run it again"),
        ("InvalidVpcID.NotFound", "DescribeVpcs", "The vpc\nis not there", "ec2:DescribeVpcs: An error occurred (InvalidVpcID.NotFound)"),
    ],
)  # fmt: skip
def test_answers(code, operation, message, words):
    from botocore.exceptions import ClientError

    with pytest.raises(AwsError) as caught, translated("ec2:DescribeVpcs", REGION):
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
    assert words in str(caught.value)
    assert (caught.value.code, "\n" in str(caught.value)) == (code, False)


def test_what_is_not_aws_stays_what_it_is():
    with pytest.raises(ZeroDivisionError), translated("ec2:DescribeVpcs", REGION):
        raise ZeroDivisionError
