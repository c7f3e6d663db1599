"""Encrypted settings: written and read here, and by the Pulumi CLI where it is on PATH."""

import os
import shutil
import subprocess

import pytest

from components.errors import UsageError
from ops.stack.project import load_project, load_stack, set_config

ODD = "quote\" colon: hash# % $ 'x' \\ é ☃"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a passphrase")
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("# of the house\nconfig:\n  slipway:target: local # here\n")
    return load_project(tmp_path)


def test_a_secret_is_encrypted_in_the_file_and_plain_to_the_program(project):
    set_config(project, "dev", "slipway:secretEnv.KEY", ODD, secret=True, path=True)
    set_config(project, "dev", "slipway:app.name", "shop", path=True)
    text = (project.folder / "Pulumi.dev.yaml").read_text()
    assert ODD not in text
    assert "# of the house" in text
    assert "# here" in text
    stack = load_stack(project, "dev")
    assert stack.config == {"slipway:target": "local", "slipway:secretEnv": {"KEY": ODD}, "slipway:app": {"name": "shop"}}
    assert stack.secret_keys == {"slipway:secretEnv"}


def test_the_passphrase_is_asked_for_only_where_there_is_a_secret(project, monkeypatch):
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert load_stack(project, "dev").config == {"slipway:target": "local"}
    with pytest.raises(UsageError, match="set PULUMI_CONFIG_PASSPHRASE"):
        set_config(project, "dev", "slipway:secretEnv.KEY", "x", secret=True, path=True)


def test_a_wrong_passphrase_changes_nothing(project, monkeypatch):
    set_config(project, "dev", "slipway:secretEnv.KEY", "x", secret=True, path=True)
    before = (project.folder / "Pulumi.dev.yaml").read_text()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")
    for act in (
        lambda: load_stack(project, "dev"),
        lambda: set_config(project, "dev", "slipway:secretEnv.B", "y", secret=True, path=True),
    ):
        with pytest.raises(UsageError, match="the passphrase is not this stack's"):
            act()
    assert (project.folder / "Pulumi.dev.yaml").read_text() == before


@pytest.mark.parametrize(
    ("text", "said"), [("config: [", "wanted YAML"), ("- a", "wanted keys and values"), ("config: 3", "wanted keys and values")]
)
def test_a_broken_stack_file_is_one_line(project, text, said):
    (project.folder / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(UsageError, match=said) as error:
        load_stack(project, "dev")
    assert "\n" not in str(error.value)


def test_a_stack_is_a_file(project):
    with pytest.raises(UsageError, match=r"there is no stack 'nope' .*make it with"):
        load_stack(project, "nope")


ODD_DEFAULTS = [
    "config: stacks",
    "config: {slipway:front: apache}",
    "config: {pulumi:tags: {value: {}}, manager: systemd}",
    "stackConfigDir: x",
]


@pytest.mark.parametrize("line", ODD_DEFAULTS)
def test_settings_of_all_stacks_are_refused(project, line):
    (project.folder / "Pulumi.yaml").write_text(f"name: slipway\nruntime: python\n{line}\n")
    with pytest.raises(UsageError, match=r"Pulumi.yaml: config: ") as error:
        load_project(project.folder)
    assert "\n" not in str(error.value)
    (project.folder / "Pulumi.yaml").write_text(
        "name: slipway\nconfig: {pulumi:tags: {value: {pulumi:template: python}}, port: {type: integer, description: x}}\n"
    )
    assert load_project(project.folder).name == "slipway"


def test_an_environment_of_pulumis_service_is_refused(project):
    (project.folder / "Pulumi.dev.yaml").write_text("environment: [prod]\nconfig: {slipway:target: local}\n")
    with pytest.raises(UsageError, match="environment: wanted settings in this file, found Pulumi ESC") as error:
        load_stack(project, "dev")
    assert "\n" not in str(error.value)


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
def test_the_cli_reads_what_is_written_here_and_the_other_way_round(project, tmp_path):
    environment = {**os.environ, "PULUMI_BACKEND_URL": f"file://{tmp_path}", "PULUMI_SKIP_UPDATE_CHECK": "1", "PULUMI_HOME": str(tmp_path)}

    def pulumi(*arguments: str) -> str:
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    set_config(project, "dev", "slipway:secretEnv.KEY", ODD, secret=True, path=True)
    pulumi("stack", "init", "dev")
    assert pulumi("config", "get", "--path", "slipway:secretEnv.KEY") == ODD
    pulumi("config", "set", "--secret", "--path", "slipway:secretEnv.OTHER", ODD)
    assert load_stack(project, "dev").config["slipway:secretEnv"] == {"KEY": ODD, "OTHER": ODD}
