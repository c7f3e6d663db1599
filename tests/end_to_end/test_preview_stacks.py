"""`pulumi preview` of every file in stacks/: whole, or as far as the provider's plugin, with nothing else wanting.

Runs where `pulumi` is on PATH. One that has the plugin too is tried whole by test_preview_aws.py."""

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml
from project import ROOT, Project
from pulumi_cli import PulumiCli

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")


def has_plugin(folder: Path) -> bool:
    """Whether a provider's plugin is there, beside those of the CLI itself."""
    return any(not path.name.startswith("pulumi-resource-pulumi") for path in folder.glob("pulumi-resource-*"))


@pytest.mark.parametrize("file", sorted((ROOT / "stacks").glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_but_a_plugin_is_wanting(file: Path) -> None:
    made = Project()
    try:
        made.take_example("")
        made.write_config({key.removeprefix("slipway:"): value for key, value in yaml.safe_load(file.read_text())["config"].items()})
        cli = PulumiCli(made)
        made.environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"  # its PULUMI_HOME is new: no plugin is there
        made.environment["PATH"] = os.pathsep.join(one for one in os.get_exec_path() if not has_plugin(Path(one)))
        text = cli("preview", "--stack", "dev", "--json", code=None)
    finally:
        made.remove()
    told, _ = json.JSONDecoder().raw_decode(text, text.index("{"))
    assert any(step["urn"].split("::")[2].startswith("slipway:target:") for step in told["steps"])
    errors = [one["message"].strip() for one in told.get("diagnostics", []) if one["severity"] == "error"]
    assert [line for line in errors if "no resource plugin 'pulumi-resource-" not in line] == []
