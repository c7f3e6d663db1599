"""`pulumi preview` of stacks/aws-ec2.yaml on the real engine, as docs/targets/aws-ec2.md has it.

Runs where `pulumi` is on PATH. With Amazon's plugin and credentials it is the whole preview; without the plugin the program is
seen to come as far as the first resource of Amazon's, and nothing else to be wanting."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pulumi_aws
import pytest
import yaml
from project import ROOT, Project
from pulumi_cli import PulumiCli

from components.aws.control import account
from components.errors import SlipwayError

pytestmark = [
    pytest.mark.cost,
    pytest.mark.family("previews of a cloud on the Pulumi CLI"),
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"),
]

CONFIG = yaml.safe_load((ROOT / "stacks/aws-ec2.yaml").read_text())["config"]
WANTED = json.loads(Path(pulumi_aws.__file__).with_name("pulumi-plugin.json").read_text())["version"]


@pytest.fixture(scope="module")
def showcase() -> Iterator[PulumiCli]:
    """The example app and its stack; the plugins are those of whoever runs the tests."""
    made = Project()
    made.take_example("")
    made.write_config({key.removeprefix("slipway:"): value for key, value in CONFIG.items()})
    home = made.environment.get("PULUMI_HOME")
    cli = PulumiCli(made)
    made.environment |= {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    if home:
        made.environment["PULUMI_HOME"] = home
    else:
        del made.environment["PULUMI_HOME"]
    yield cli
    made.remove()


@pytest.fixture
def has_plugin(showcase: PulumiCli) -> bool:
    listed = json.loads(showcase("plugin", "ls", "--json"))
    return any((one["name"], one["kind"], one.get("version")) == ("aws", "resource", WANTED) for one in listed)


def test_a_preview_is_all_that_the_plan_says(showcase, has_plugin):
    if not has_plugin:
        pytest.skip(f"the plugin aws {WANTED} isn't there (`pulumi plugin ls`)")
    try:
        account.number(CONFIG["slipway:aws-ec2"]["region"])
    except SlipwayError as error:
        pytest.skip(str(error))
    steps = json.loads(showcase("preview", "--stack", "dev", "--json"))["steps"]
    planned = json.loads(showcase.project.run("plan", "--json").stdout)["plan"]["resources"]
    made = {step["urn"]: step["op"] for step in steps if "pulumi:pulumi:Stack" not in step["urn"].split("::")[2]}
    assert made == {one["urn"]: "create" for one in planned}


def test_without_the_plugin_that_alone_is_wanting(showcase, has_plugin):
    if has_plugin:
        pytest.skip("the plugin is there: the whole preview is tried")
    text = showcase("preview", "--stack", "dev", "--json", code=None)
    told, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    errors = [one["message"].strip() for one in told["diagnostics"] if one["severity"] == "error"]
    assert {"pulumi:pulumi:Stack", "slipway:target:AwsEc2"} <= {step["urn"].split("::")[2] for step in told["steps"]}
    assert errors
    assert [
        line for line in errors if f"no resource plugin 'pulumi-resource-aws' found in the workspace at version v{WANTED}" not in line
    ] == []
