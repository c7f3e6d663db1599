"""`plan --against`: what a change adds, alters, replaces and removes."""

import copy
import json

import pytest

STACK_FILE = "Pulumi.aws.yaml"


@pytest.fixture(scope="module")
def saved(project, tmp_path_factory):
    """{stack: a file with its plan as it was committed}."""
    folder = tmp_path_factory.mktemp("saved")
    for stack in ("dev", "aws"):
        (folder / stack).write_text(project.run("-s", stack, "plan", "--json").stdout)
    return {stack: folder / stack for stack in ("dev", "aws")}


def compared(changed, stack, saved):
    """With what was saved: the comparison, and each changed resource's name to its change."""
    document = changed.document("--against", str(saved[stack]), "-s", stack)
    found = document["comparison"]
    return found, {one["name"]: one for one in found["resources"]}


def properties(change):
    return {one["path"]: (one["old"], one["new"]) for one in change["properties"]}


@pytest.mark.parametrize("stack", ["dev", "aws"])
def test_nothing_changed(project, stack, saved, tmp_path):
    """Though it is another folder, so long that sockets don't fit, and on the dev stack paths are all over the plan."""
    there = copy.copy(project)
    there.folder = tmp_path / ("long" * 20)
    project.git("worktree", "add", "-q", "--detach", str(there.folder))
    before = there.run("-s", stack, "plan", "--json", env={"SLIPWAY_AS_IF_IN": str(project.folder)}).stdout
    (tmp_path / stack).write_text(before)
    project.git("worktree", "remove", str(there.folder))
    found, changed = compared(project, stack, {stack: tmp_path / stack})
    assert (found["settings"], changed, found["warnings"]) == ([], {}, [])
    assert found["unchanged"] > 3
    assert project.git("status", "--porcelain") == ""


def test_a_changed_setting(changing, saved):
    changing.edit(STACK_FILE, "instanceType: t4g.small", "instanceType: t4g.large")
    found, changed = compared(changing, "aws", saved)
    assert [(one["path"], one["old"], one["new"]) for one in found["settings"]] == [
        ("slipway:example-aws.instanceType", "t4g.small", "t4g.large")
    ]
    assert properties(changed["shop-web-host"]) == {"instanceType": ("t4g.small", "t4g.large")}
    assert changed["shop-web-host"]["op"] == "alter"
    assert {one["kind"] for one in found["warnings"]} == {"downtime"}


@pytest.mark.parametrize("stack", ["dev", "aws"])
def test_a_new_release(changing, stack, saved):
    """Code alone: nothing that is or has a server is replaced."""
    with (changing.folder / "app/wsgi.py").open("a") as file:
        file.write("# another release\n")
    found, changed = compared(changing, stack, saved)
    assert list(changed) == (["showcase-rollout"] if stack == "dev" else ["shop-manifest"])
    assert {one["op"] for one in changed.values()} == {"alter"}
    paths = {path.partition(".")[2] for one in changed.values() for path in properties(one)}
    assert paths == {"code.bytes", "code.id", "code.sha256"} or paths == {"code.id", "code.sha256"}
    assert found["warnings"] == []


def test_a_removed_database(changing, saved):
    changing.edit(STACK_FILE, "{engine: postgres, placement: managed}", "{engine: sqlite}")
    found, changed = compared(changing, "aws", saved)
    removed = {name for name, one in changed.items() if one["op"] == "remove"}
    assert {"shop-database-database", "shop-database-subnets", "shop-database-firewall", "shop-database-in"} <= removed
    kinds = {(one["kind"], one["urn"].rpartition("::")[2]) for one in found["warnings"]}
    assert ("removed", "shop-database-database") in kinds
    assert ("unprotected", "shop-network-vpc") in kinds


def test_a_changed_disk(changing, saved):
    changing.edit(STACK_FILE, "{instanceType: t4g.small}", "{instanceType: t4g.small, disk: 40}")
    found, changed = compared(changing, "aws", saved)
    assert list(changed) == ["shop-web-host"]
    assert changed["shop-web-host"]["op"] == "alter"
    assert properties(changed["shop-web-host"]) == {"rootBlockDevice.volumeSize": (20, 40)}
    changing.edit("components/targets/example_aws.py", 'volume_type="gp3", encrypted=True', 'volume_type="gp3", encrypted=False')
    found, changed = compared(changing, "aws", saved)
    assert changed["shop-web-host"]["op"] == "replace"
    assert ("replaced", "shop-web-host") in {(one["kind"], one["urn"].rpartition("::")[2]) for one in found["warnings"]}


def test_an_opened_port(changing, saved):
    changing.edit("components/targets/example_aws.py", "for port in (80, 443):", "for port in (80, 443, 8080):")
    found, changed = compared(changing, "aws", saved)
    assert {name: one["op"] for name, one in changed.items()} == {"shop-web-8080": "add"}
    assert found["warnings"] == []


def test_a_changed_secret(changing, saved):
    """Its name is told, no part of it."""
    changing.edit(STACK_FILE, "v1:AAAA:sealed", "v1:CCCC:sealed")
    found, _ = compared(changing, "aws", saved)
    assert [one["path"] for one in found["settings"]] == ["slipway:secretEnv.SECRET_KEY"]
    assert "CCCC" not in json.dumps(found)


def test_a_saved_plan(changing):
    saved = changing.folder / "saved.json"
    saved.write_text(changing.run("plan", "--json").stdout)
    changing.edit("Pulumi.dev.yaml", "port: 8080", "port: 8081")
    done = changing.run("plan", "--against", "saved.json", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["comparison"]["base"] == "saved.json"


def test_a_saved_plan_counts_from_where_the_user_is(project, tmp_path):
    (tmp_path / "saved.json").write_text(project.run("plan", "--json").stdout)
    done = project.run("plan", "--against", "saved.json", env={"SLIPWAY_CWD": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_saved_plan_of_another_stack(project, tmp_path):
    (tmp_path / "saved.json").write_text(project.run("plan", "--json").stdout)
    done = project.run("-s", "aws", "plan", "--against", str(tmp_path / "saved.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "wanted a plan of stack 'aws' of 'slipway', found one of stack 'dev' of 'slipway'; choose it with --stack" in done.stderr
