"""`./slipway plan` as its user runs it: a process of its own, without credentials and without a network."""

import json
from pathlib import Path

import pytest

from ops.plan.document import Document

STACKS = ("dev", "aws")


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("format", ["text", "json", "markdown"])
def test_formats(project, stack, format):
    done = project.run("-s", stack, "plan", "--format", format)
    assert (done.returncode, done.stderr) == (0, "")
    assert "rollout" in done.stdout if stack == "dev" else "shop-web-host" in done.stdout
    assert str(project.folder) not in done.stdout


def test_json_is_the_document(project):
    document = Document.model_validate(project.document("-s", "aws"))
    assert document.comparison is None
    assert [one.name for one in document.plan.of("aws:ec2/instance:Instance")] == ["shop-web-host"]
    assert {one.token for one in document.plan.lookups} == {"aws:ec2/getAmi:getAmi", "aws:index/getAvailabilityZones:getAvailabilityZones"}


def test_what_is_wrong_with_the_command_line(project):
    for words, said in {
        ("--format", "pdf"): "found 'pdf'; there are: json, markdown, text",
        ("--against", "no/such"): "no/such can't be read",
        ("--against", "Pulumi.yaml"): "wanted what `./slipway plan --json` prints",
    }.items():
        done = project.run("plan", *words)
        assert done.returncode == 2, done
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert done.stdout == ""


def test_what_is_wrong_with_the_stack(changing):
    (changing.folder / "Pulumi.broken.yaml").write_text("config:\n  slipway:app: {name: [}\n  password: hunter2\n")
    (changing.folder / "Pulumi.sdk.yaml").write_text("config:\n  slipway:target: missing\n  slipway:app: {name: shop, path: ./app}\n")
    (changing.folder / "components/targets/missing.py").write_text("import pulumi_nosuch.web\n")
    for stack, code, said in (
        ("nosuch", 2, "there is no stack 'nosuch'"),
        ("broken", 2, "Pulumi.broken.yaml, line 2, column 24: wanted YAML"),
        ("sdk", 3, "missing needs the package pulumi-nosuch, which isn't installed; run ./slipway with this stack"),
    ):
        done = changing.run("-s", stack, "plan")
        assert (done.returncode, done.stdout) == (code, "")
        assert said in done.stderr
        assert "hunter2" not in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise ValueError('no\\nway')", "slipway: ValueError: no way (__main__.py:"),
        ("import nosuch", "slipway: ModuleNotFoundError: No module named 'nosuch' (__main__.py:"),
        ("def broken(:", "slipway: SyntaxError:"),
        ("import sys; sys.exit(3)", "slipway: the program ended itself: sys.exit(3)"),
        (
            "import pulumi; pulumi.Output.from_input(1).apply(lambda one: one / 0)",
            "slipway: ZeroDivisionError: division by zero (__main__.py:",
        ),
    ],
)
def test_a_program_that_raises(changing, line, said):
    with (changing.folder / "__main__.py").open("a") as file:
        file.write(line + "\n")
    done = changing.run("plan")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


def test_a_rule_that_is_not_kept(changing):
    changing.edit("components/targets/example_aws.py", "for port in (80, 443):", "for port in (80, 443, 22):")
    done = changing.run("-s", "aws", "plan")
    assert done.returncode == 1
    assert "ssh-closed" in done.stdout
    assert changing.run("-s", "aws", "plan", "--json").returncode == 1
    found = {one["rule"] for one in json.loads(changing.run("-s", "aws", "plan", "--json").stdout)["findings"]}
    assert found == {"ssh-closed", "ports-open"}
    waivers = json.dumps([{"rule": rule, "reason": "a lab"} for rule in sorted(found)])
    changing.edit("Pulumi.aws.yaml", "config:\n", f"config:\n  slipway:waivers: '{waivers}'\n")  # as `config set` writes it
    assert changing.run("-s", "aws", "plan").returncode == 0


def test_nothing_is_written(project):
    before = project.git("status", "--porcelain", "--ignored")
    project.run("plan")
    assert project.git("status", "--porcelain", "--ignored") == before
    assert not Path(project.folder / ".slipway").exists()


@pytest.mark.parametrize("format", ["json", "text"])
def test_a_full_disk(project, format):
    """A plan that was saved in part is no plan; a reader who has enough is no error."""
    done = project.run("plan", "-f", format, before=("sh", "-c", '"$@" > /dev/full', "sh"))
    assert (done.returncode, done.stderr) == (
        1,
        "slipway: plan: standard output can't be written (No space left on device); what is there is not the whole plan\n",
    )
    done = project.run("plan", "-f", format, before=("bash", "-c", '"$@" | true; exit ${PIPESTATUS[0]}', "bash"))
    assert (done.returncode, done.stderr) == (0, "")
