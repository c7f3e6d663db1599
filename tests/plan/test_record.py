"""What the recorder notes of a registration, and what it answers."""

import json
import sys
import textwrap
import types
from datetime import date
from pathlib import Path
from typing import Any

import pulumi_aws
import put_out
import pytest

from components.errors import SlipwayError
from components.settings.report import SEALED
from ops.plan import stand_ins
from ops.plan.record import record, shortener
from ops.stack.project import Project, Stack
from policy.plan import Plan

PROVIDERS = """
import pulumi
import pulumi_aws as aws
"""


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Records a program given as text."""
    monkeypatch.chdir(tmp_path)

    def plan(program: str, config: dict | None = None, secret: tuple[str, ...] = ()) -> Plan:
        (tmp_path / "__main__.py").write_text(PROVIDERS + textwrap.dedent(program))
        return record(Project("shop", tmp_path), Stack("dev", config or {}, frozenset(secret), None))

    return plan


def test_options_and_references(planned):
    plan = planned("""
        group = aws.ec2.SecurityGroup("group", opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True))
        other = aws.ec2.Eip("other")
        aws.ec2.Instance("host", ami="ami-1", vpc_security_group_ids=[group.id, "sg-1"], user_data=group.name.apply(str.upper),
            opts=pulumi.ResourceOptions(depends_on=[other], ignore_changes=["ami"], delete_before_replace=True))
    """)
    other, group, host = plan.resources
    assert (group.protect, group.retain, group.parent) == (True, True, "")
    assert host.depends_on == tuple(sorted([group.urn, other.urn]))
    assert host.references == {"userData": (group.urn,), "vpcSecurityGroupIds": (group.urn,)}
    assert host.inputs["vpcSecurityGroupIds"] == [{"$unknown": [group.urn]}, "sg-1"]
    assert host.inputs["userData"] == {"$unknown": [group.urn]}
    assert (host.ignore_changes, host.delete_before_replace) == (("ami",), True)


def test_plain_inputs_come_out_again(planned):
    """Nested ones don't: the cloud may add to them."""
    plan = planned("""
        bucket = aws.s3.Bucket("store", bucket="mine", tags={"a": "b"})
        pulumi.export("name", bucket.bucket)
        pulumi.export("tags", bucket.tags)
        pulumi.export("arn", bucket.arn)
    """)
    assert plan.outputs == {"arn": {"$unknown": []}, "name": "mine", "tags": {"$unknown": []}}


def test_secrets_and_nested_secrets(planned):
    plan = planned("""
        word = pulumi.Output.secret("hush")
        aws.rds.Instance("base", password=word, instance_class=pulumi.Output.concat("db.", word), tags={"open": "yes", "closed": word})
        pulumi.export("word", word)
    """)
    (base,) = plan.resources
    assert base.inputs["password"] == {"$secret": ""}
    assert base.inputs["instanceClass"] == {"$secret": ""}
    assert base.inputs["tags"]["closed"] == {"$secret": ""} or base.inputs["tags"] == {"$secret": ""}
    assert "hush" not in plan.model_dump_json()


def test_assets(planned):
    plan = planned("""
        folder = pulumi.FileArchive("./app")
        parts = {"a": pulumi.StringAsset("text"), "b": folder}
        aws.s3.BucketObject("one", bucket="b", source=pulumi.FileAsset(__file__))
        aws.s3.BucketObject("two", bucket="b", source=pulumi.AssetArchive(parts))
        aws.s3.BucketObject("three", bucket="b", source=pulumi.Output.secret(pulumi.StringAsset("hush")))
    """)
    one, three, two = (one.inputs["source"] for one in plan.resources)
    assert one == {"asset": {"path": "./__main__.py"}}
    assert two == {"archive": {"assets": {"a": {"asset": {"text": "text"}}, "b": {"archive": {"path": "./app"}}}}}
    assert three == {"$secret": ""}


def test_numbers_are_whole_and_what_belongs_to_the_sdk_is_left_out(planned):
    plan = planned("""
        from pulumi.dynamic import Resource, ResourceProvider
        class Made(Resource): pass
        made = Made(ResourceProvider(), "made", {"count": 3, "share": 0.5})
        pulumi.export("provider", getattr(made, "__provider", None))
    """)
    assert json.dumps(plan.resources[0].inputs) == '{"count": 3, "share": 0.5}'
    assert "__provider" not in plan.model_dump_json()


def test_settings_stay_sealed(planned):
    config = {
        "slipway:secretEnv": {"A": {"secure": "v1:x:y"}},
        "slipway:app": {"name": "shop", "list": [{"secure": "z"}]},
        "aws:region": "eu",
    }
    plan = planned('pulumi.export("read", pulumi.Config("slipway").get_object("secretEnv"))', config, ("slipway:secretEnv",))
    assert plan.outputs == {"read": {"A": SEALED}}
    fingerprint = plan.settings["slipway:secretEnv.A"]["$secret"]
    assert len(fingerprint) == 12
    assert plan.settings["slipway:app.name"] == "shop"
    assert plan.settings["slipway:app.list"][0].keys() == {"$secret"}
    assert "v1:x:y" not in plan.model_dump_json()


def test_settings_that_json_has_no_value_for(planned):
    """As YAML reads them; a plan is the same when it was saved in between."""
    config = {"other:a": float("nan"), "other:b": [float("-inf"), 0.5], "other:c": date(2001, 2, 3), "other:d": {"e": date(2001, 2, 3)}}
    plan = planned("config = pulumi.Config('other'); pulumi.export('read', [config.get('c'), config.get_object('d')])", config)
    assert plan.settings == {"other:a": "nan", "other:b": ["-inf", 0.5], "other:c": "2001-02-03", "other:d.e": "2001-02-03"}
    assert plan.outputs == {"read": ["2001-02-03", {"e": "2001-02-03"}]}
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_lookups_in_both_forms(planned):
    plan = planned("""
        zones = aws.get_availability_zones(state="available")
        image = aws.ec2.get_ami_output(owners=["self"], most_recent=True)
        aws.ec2.Subnet("net", vpc_id="vpc-1", availability_zone=zones.names[2])
        aws.ec2.Instance("host", ami=image.id, user_data=image.block_device_mappings[0].device_name)
        unknown = aws.ec2.get_subnet_output(id=aws.ec2.Eip("address").id)
        pulumi.export("unknown", unknown.cidr_block)
    """)
    asked = {one.token: one for one in plan.lookups}
    assert set(asked) == {"aws:index/getAvailabilityZones:getAvailabilityZones", "aws:ec2/getAmi:getAmi"}
    assert asked["aws:ec2/getAmi:getAmi"].arguments == {"mostRecent": True, "owners": ["self"]}
    inputs = {one.name: one.inputs for one in plan.resources}
    zones = asked["aws:index/getAvailabilityZones:getAvailabilityZones"]
    assert inputs["net"]["availabilityZone"] == f"{zones.stand_in}.names[2]"
    image = asked["aws:ec2/getAmi:getAmi"].stand_in
    assert inputs["host"] == {"ami": f"{image}.id", "userData": f"{image}.blockDeviceMappings[0].deviceName"}
    assert plan.outputs == {"unknown": {"$unknown": []}}


def test_other_arguments_are_another_lookup():
    one, other = (stand_ins.lookup("aws:ec2/getAmi:getAmi", {"owners": [name]})[0] for name in ("a", "b"))
    assert one != other
    assert stand_ins.lookup("aws:ec2/getAmi:getAmi", {"owners": ["a"]})[0] == one


def test_a_lookup_does_not_tell_its_secret_arguments(planned):
    """Neither what it asks for nor what of that comes out again, in the form that gives plain values either."""
    plan = planned("""
        word = pulumi.Output.secret("hush")
        image = aws.ec2.get_ami_output(owners=[word, "self"], name_regex=word, most_recent=True)
        aws.ec2.Instance("host", ami=image.id, user_data=image.name_regex, instance_type=image.owners[0])
        plain = pulumi.runtime.invoke("aws:ssm/getParameter:getParameter", {"name": word}).value
        pulumi.export("plain", plain["name"])
    """)
    asked = {one.token: one for one in plan.lookups}
    hidden = {"$secret": ""}
    assert asked["aws:ec2/getAmi:getAmi"].arguments == {"mostRecent": True, "nameRegex": hidden, "owners": [hidden, "self"]}
    assert plan.resources[0].inputs == {"ami": hidden, "userData": hidden, "instanceType": hidden}
    assert plan.outputs == {"plain": asked["aws:ssm/getParameter:getParameter"].stand_in + ".name"}
    assert "hush" not in plan.model_dump_json()
    other = planned('aws.ssm.get_parameter_output(name=pulumi.Output.secret("another"))')
    assert other.lookups == (asked["aws:ssm/getParameter:getParameter"],), "a hash of a secret is a trace of it"


def test_a_lookup_in_a_module_or_package_that_python_calls_otherwise(monkeypatch):
    assert "arn" in stand_ins.lookup("aws:lambda/getFunction:getFunction", {})[1]
    package: Any = types.ModuleType("pulumi_made_up")
    package.GetItResult = type("GetItResult", (), {"size": property(lambda _: None)})
    monkeypatch.setitem(sys.modules, "pulumi_made_up", package)
    assert set(stand_ins.lookup("made-up:index:getIt", {})[1]) == {"size"}


def test_what_is_one_of_a_few_words_is_answered_with_one_of_them():
    """As each field that is text, a list of such words would else be no answer that the provider's SDK can read."""
    group = put_out.outputs("aws:autoscaling/group:Group", "web")
    assert set(group["enabledMetrics"]) <= {one.value for one in pulumi_aws.autoscaling.Metric}
    assert group["name"] == "${web.name}"


def test_an_answer_goes_as_deep_as_one_reads_and_no_deeper():
    class Part:
        @property
        def inside(self) -> "Part":
            raise NotImplementedError

        @property
        def name(self) -> str:
            raise NotImplementedError

    vars(Part)["inside"].fget.__annotations__["return"] = Part
    found, depth = stand_ins.fields(Part, "x"), 0
    while found:
        assert found["name"] == "x" + ".inside" * depth + ".name"
        found, depth = found["inside"], depth + 1
    assert depth == 5


def test_a_lookup_of_an_unknown_package_answers_with_its_arguments():
    assert stand_ins.lookup("nosuch:index/getIt:getIt", {"a": "b"})[1] == {"a": "b"}


def test_what_was_there_before(planned):
    plan = planned("""
        network = aws.ec2.Vpc.get("network", "vpc-123")
        aws.ec2.Subnet("net", vpc_id=network.id, cidr_block=network.cidr_block)
    """)
    network, subnet = plan.resources
    assert (network.kind, network.inputs["id"]) == ("existing", "vpc-123")
    assert subnet.inputs == {"cidrBlock": {"$unknown": [network.urn]}, "vpcId": "vpc-123"}


def test_what_was_there_before_under_an_id_not_known_yet(planned):
    plan = planned("""
        network = aws.ec2.Vpc.get("network", aws.ec2.Vpc("made").id)
        aws.ec2.Subnet("net", vpc_id=network.id)
    """)
    found = {one.name: one for one in plan.resources}
    assert found["network"].inputs == {"id": {"$unknown": []}}
    assert found["net"].inputs == {"vpcId": {"$unknown": [found["network"].urn]}}


def test_outputs_that_the_program_calls_secret(planned):
    """Its own input says it in plain; nothing that comes from there does."""
    plan = planned("""
        one = aws.ec2.Eip("one", domain="hush", opts=pulumi.ResourceOptions(additional_secret_outputs=["domain"]))
        aws.ec2.Eip("two", tags={"a": one.domain})
        pulumi.export("domain", one.domain)
    """)
    assert [one.secret_outputs for one in plan.resources] == [("domain",), ()]
    assert plan.resources[1].inputs == {"tags": {"a": {"$secret": ""}}}
    assert plan.outputs == {"domain": {"$secret": ""}}


def test_providers_and_components(planned):
    plan = planned("""
        provider = aws.Provider("frankfurt", region="eu-central-1")
        class Web(pulumi.ComponentResource):
            def __init__(self):
                super().__init__("shop:Web", "web", None, pulumi.ResourceOptions(provider=provider))
                aws.ec2.Eip("address", opts=pulumi.ResourceOptions(parent=self))
        Web()
    """)
    found = {one.name: one for one in plan.resources}
    assert (found["frankfurt"].kind, found["web"].kind, found["address"].kind) == ("provider", "component", "resource")
    assert found["address"].parent == found["web"].urn
    assert found["address"].provider == found["frankfurt"].urn


def test_the_order_is_always_the_same(planned):
    program = """
        for name in "dbca":
            aws.ec2.Eip(name)
        aws.ec2.EipAssociation("aa", allocation_id=aws.ec2.Eip("z").id)
    """
    names = [one.name for one in planned(program).resources]
    assert names == ["a", "b", "c", "d", "z", "aa"]
    child = 'aws.ec2.Eip("a", opts=pulumi.ResourceOptions(parent=pulumi.ComponentResource("shop:Web", "z")))'
    assert [one.name for one in planned(child).resources] == ["z", "a"]


def test_two_of_one_name(planned):
    with pytest.raises(SlipwayError, match=r"a: two resources have the URN .*; give one another name"):
        planned('aws.ec2.Eip("a"); aws.ec2.Eip("a")')


def test_names_in_errors_are_on_one_line(planned):
    with pytest.raises(SlipwayError) as raised:
        planned('for _ in "ab": aws.ec2.Eip("a\\nb\\x1b[31m")')
    assert str(raised.value).isprintable()


def test_notes_are_what_the_program_said(planned):
    said = 'pulumi.log.info("one"); pulumi.log.warn("two"); pulumi.log.debug("three"); pulumi.log.info("one")'
    assert planned(said).notes == ("one", "two")
    assert planned("import os; pulumi.log.info('in ' + os.path.join(os.getcwd(), 'app'))").notes == ("in ./app",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/srv/shop", "."),
        ("/srv/shop/app", "./app"),
        ('{"root": "/srv/shop/.slipway"}', '{"root": "./.slipway"}'),
        ("/srv/shops", "/srv/shops"),
        ("/srv/shop-two", "/srv/shop-two"),
        ("/mnt/srv/shop", "/mnt/srv/shop"),
        ("x/srv/shop", "x/srv/shop"),
        ("x-/srv/shop", "x-/srv/shop"),
        ("--in=/srv/shop --out=/srv/shop/x", "--in=. --out=./x"),
    ],
)
def test_the_folder_is_a_dot(text, shown):
    assert shortener([Path("/srv/shop")])(text) == shown


def test_the_root_folder_is_not():
    assert shortener([Path("/")])("/etc/hosts") == "/etc/hosts"


def test_what_has_no_part_in_a_plan_is_taken(planned):
    plan = planned("""
        pulumi.require_pulumi_version(">=3.0.0")
        first = aws.ec2.Eip("first")
        aws.ec2.Eip("last", opts=pulumi.ResourceOptions(deleted_with=first, replace_with=[first], import_="eip-1",
            custom_timeouts=pulumi.CustomTimeouts(create="1m"), version="7.0.0"))
    """)
    assert [one.name for one in plan.resources] == ["first", "last"]


def test_what_a_program_prints_is_no_part_of_the_plan(planned, capsys):
    planned('print("by the way")')
    assert capsys.readouterr() == ("", "by the way\n")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (
            'aws.ec2.Eip("a", opts=pulumi.ResourceOptions(transforms=[print]))',
            "transforms can't be had without the Pulumi CLI; use `pulumi",
        ),
        (
            "hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook('a', print)])\n"
            "aws.ec2.Eip('a', opts=pulumi.ResourceOptions(hooks=hooks))",
            "resource hooks can't be had without the",
        ),
        ("import asyncio; raise asyncio.CancelledError", r"CancelledError: \(__main__.py:\d+\); mend the program"),
    ],
)
def test_what_the_sdk_says_of_a_cli_that_is_not_there(planned, program, said):
    with pytest.raises(SlipwayError, match=f"^{said}"):
        planned(program)


def test_what_a_plan_has_no_answer_to(planned):
    with pytest.raises(SlipwayError, match=r"shop:index:method: Call can't be planned without the Pulumi CLI; use `pulumi preview`"):
        planned('pulumi.runtime.call("shop:index:method", {}, aws.ec2.Eip("a"))')
