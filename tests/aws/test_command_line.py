"""./slipway for a stack that only the Pulumi CLI can launch: nobody is logged in, and no provider is there."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import interpreter
import pytest
from project import ROOT, Project

STACK = ROOT / "stacks/aws-ec2.yaml"
KEPT = [
    "showcase-database-data  aws:ebs/volume:Volume",
    "showcase-store  aws:s3/bucket:Bucket",
    "showcase-store  aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "showcase-store  aws:s3/bucketPolicy:BucketPolicy",
    "showcase-store  aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "showcase-store  aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "showcase-store  aws:s3/bucketVersioning:BucketVersioning",
]
ALL_OF_IT = "set slipway:keepData: false in Pulumi.prod.yaml, run ./slipway -s prod up, then ./slipway -s prod destroy"
LOGGED_OUT = """#!/bin/sh
case "$*" in
    "plugin ls --json") exec cat {programs}/plugins.json ;;
    version) exit 0 ;;
esac
echo "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions" >&2
exit 255
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    made = Project()
    made.take_example("")
    shutil.copy(STACK, made.folder / "Pulumi.prod.yaml")
    yield made
    made.remove()


@pytest.fixture
def slipway(project: Project, tmp_path: Path) -> Run:
    """`./slipway -s prod WORDS`: no network, no credentials. `cli`: what `pulumi plugin ls --json` prints, None: there is no CLI."""

    def run(*words: str, cli: list[Mapping[str, str]] | None = None) -> "subprocess.CompletedProcess[str]":
        programs = tmp_path / ("with" if cli is not None else "without")
        programs.mkdir(exist_ok=True)
        if cli is not None:
            (programs / "plugins.json").write_text(json.dumps(cli))
            (programs / "pulumi").write_text(LOGGED_OUT.format(programs=programs))
            (programs / "pulumi").chmod(0o755)
        empty = {f"AWS_{name}_FILE": "/nonexistent" for name in ("CONFIG", "SHARED_CREDENTIALS")}
        found = {"PATH": str(programs) + ("" if cli is None else ":/usr/bin:/bin"), "HOME": str(tmp_path), "COLUMNS": "200"}
        environment = {**found, **empty, "AWS_EC2_METADATA_DISABLED": "true"}
        return interpreter.shared().run("-s", "prod", *words, folder=project.folder, environment=environment)

    return run


def test_a_plan_needs_nobody_and_nothing(slipway):
    done = slipway("plan", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert {one["name"] for one in json.loads(done.stdout)["plan"]["resources"] if one["protect"]} == {
        line.partition("  ")[0] for line in KEPT
    }


@pytest.mark.parametrize("verb", ["up", "preview", "destroy"])
def test_launching_wants_the_cli_and_a_login_in_one_line(slipway, project, verb):
    words = [verb, *(["--yes"] if verb != "preview" else [])]
    there, none = slipway(*words, cli=[]), slipway(*words)
    assert (there.returncode, there.stdout) == (3, "")
    assert there.stderr == "slipway: stack prod: the Pulumi CLI has no backend; run `pulumi login`, or `pulumi login --local`\n"
    said = none.stderr
    assert (none.returncode, none.stdout, len(said.splitlines())) == (3, "", 1)
    asked = "" if verb == "destroy" else " on aws-ec2"
    assert said.startswith(f"slipway: stack prod{asked} needs the Pulumi CLI")
    assert ", and there is no `pulumi` on PATH; install it (https://" in said
    assert not (project.folder / ".slipway/prod").exists()


def test_destroy_with_data_says_how_that_goes(slipway):
    done = slipway("destroy", "--yes", "--with-data", "showcase", cli=[])
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.endswith(f"; for all of it: {ALL_OF_IT}\n")


@pytest.mark.parametrize(("cli", "found"), [(None, "missing"), ([], "ok")])
def test_doctor_looks_for_the_cli(slipway, cli, found):
    checks = {one["name"]: one for one in json.loads(slipway("doctor", "--json", cli=cli).stdout)}
    assert checks["pulumi up"]["state"] == found
    assert "Unable to locate credentials; run `aws configure`" in checks["what is launched"]["detail"]
    assert checks["app"]["state"] == "ok"  # the list goes on where nobody is logged in


@pytest.mark.parametrize("words", [["status"], ["rollback"], ["exec", "true"]])
def test_day_two_without_credentials_is_one_line(slipway, words):
    done = slipway(*words)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(
        "slipway: aws, eu-west-1: sts:GetCallerIdentity: Unable to locate credentials; run `aws configure` or `aws sso login`"
    )
    assert len(done.stderr.splitlines()) == 1
