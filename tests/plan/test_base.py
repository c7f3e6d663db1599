"""`plan --base` and `--against`: what a change adds, alters, replaces and removes."""

import json
import subprocess

import pytest
from project_copy import Copy

from components.errors import UsageError
from ops.plan import base as bases

STACK_FILE = "Pulumi.aws.yaml"


@pytest.fixture(scope="module")
def saved(project, tmp_path_factory):
    """{stack: a file with its plan as it was committed}: what differs is found alike, from wherever the base comes."""
    folder = tmp_path_factory.mktemp("saved")
    for stack in ("dev", "aws"):
        (folder / stack).write_text(project.run("-s", stack, "plan", "--json").stdout)
    return {stack: folder / stack for stack in ("dev", "aws")}


def compared(copy, stack="dev", saved=None):
    """With HEAD, or with what was saved: the comparison, and each changed resource's name to its change."""
    base = ("--against", str(saved[stack])) if saved else ("--base", "HEAD")
    document = copy.document(*base, "-s", stack)
    found = document["comparison"]
    return found, {one["name"]: one for one in found["resources"]}


def properties(change):
    return {one["path"]: (one["old"], one["new"]) for one in change["properties"]}


@pytest.mark.parametrize("stack", ["dev", "aws"])
def test_nothing_changed(project, stack):
    """Though it is another folder, and on the dev stack paths are all over the plan."""
    found, changed = compared(project, stack)
    assert (found["settings"], changed, found["warnings"]) == ([], {}, [])
    assert found["unchanged"] > 3
    assert project.run("-s", stack, "plan", "--base", "HEAD", "--exit-code").returncode == 0
    assert project.git("status", "--porcelain") == ""
    assert project.git("worktree", "list").count("\n") == 1


def test_a_changed_setting(changing):
    changing.edit(STACK_FILE, "instanceType: t4g.small", "instanceType: t4g.large")
    found, changed = compared(changing, "aws")
    assert [(one["path"], one["old"], one["new"]) for one in found["settings"]] == [
        ("slipway:example-aws.instanceType", "t4g.small", "t4g.large")
    ]
    assert properties(changed["shop-web-host"]) == {"instanceType": ("t4g.small", "t4g.large")}
    assert changed["shop-web-host"]["op"] == "alter"
    assert {one["kind"] for one in found["warnings"]} == {"downtime"}
    assert changing.run("-s", "aws", "plan", "--base", "HEAD", "--exit-code").returncode == 2


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


def test_a_new_stack(changing):
    (changing.folder / "Pulumi.new.yaml").write_text((changing.folder / "Pulumi.dev.yaml").read_text())
    _, changed = compared(changing, "new")
    assert {one["op"] for one in changed.values()} == {"add"}
    assert len(changed) == 4


def test_a_base_that_fails(changing):
    changing.edit("__main__.py", "wanted = ", "raise ValueError('then')\nwanted = ")
    changing.commit()
    changing.edit("__main__.py", "raise ValueError('then')\n", "")
    done = changing.run("plan", "--base", "HEAD")
    assert done.returncode == 2
    assert done.stderr.startswith("slipway: --base: HEAD: no plan could be made there (ValueError: then (__main__.py:")
    assert len(done.stderr.splitlines()) == 1
    changing.git("reset", "-q", "--hard", "HEAD~1")


def test_a_base_before_there_was_a_plan(changing):
    (changing.folder / "ops/commands/plan.py").rename(changing.folder / "plan.py")
    changing.edit("ops/cli.py", '        "plan": "ops.commands.plan.plan",\n', "")
    changing.commit()
    changing.git("checkout", "-q", "HEAD~1", "--", ".")
    (changing.folder / "plan.py").unlink()
    done = changing.run("plan", "--base", "HEAD")
    assert done.returncode == 2
    assert done.stderr.startswith("slipway: --base: HEAD: no plan could be made there (Error: No such command 'plan'.); compare with")
    changing.git("reset", "-q", "--hard", "HEAD~1")


def test_a_saved_plan(changing):
    saved = changing.folder / "saved.json"
    saved.write_text(changing.run("plan", "--json").stdout)
    assert changing.run("plan", "--against", "saved.json", "--exit-code").returncode == 0
    changing.edit("Pulumi.dev.yaml", "port: 8080", "port: 8081")
    done = changing.run("plan", "--against", "saved.json", "--exit-code", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["comparison"]["base"] == "saved.json"


def test_in_a_folder_of_a_repository(tmp_path):
    """The project may be a part of what is versioned, with its app elsewhere in it."""
    copy = Copy(tmp_path / "deploy")
    (copy.folder / ".git").rename(tmp_path / ".git")
    (copy.folder / "app").rename(tmp_path / "shop")
    copy.edit("Pulumi.dev.yaml", "path: ./app", "path: ../shop")
    copy.git("add", "-A", str(tmp_path))
    copy.git("commit", "-qm", "moved")
    with (tmp_path / "shop/wsgi.py").open("a") as file:
        file.write("# more\n")
    assert list(compared(copy)[1]) == ["showcase-rollout"]


def test_outside_any_repository(changing):
    (changing.folder / ".git").rename(changing.folder.parent / "git-away")
    try:
        done = changing.run("plan", "--base", "HEAD")
        assert (done.returncode, done.stdout) == (2, "")
        assert "fatal: not a git repository" in done.stderr
        assert done.stderr.endswith("compare with a saved plan instead: --against FILE\n")
    finally:
        (changing.folder.parent / "git-away").rename(changing.folder / ".git")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import time; time.sleep(60)", "it took longer than 1 s"),
        (r"import os; os.write(2, b'slipway: \xff no \x1b[31m')", r"\ufffd no \\x1b\[31m"),
        ("print('[' * 100_000)", "it printed no plan"),
        ("print('{}')", "it printed no plan"),
    ],
)
def test_a_base_that_is_no_slipway(tmp_path, monkeypatch, program, said):
    monkeypatch.setattr(bases, "_SECONDS", 1)
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops/__main__.py").write_text(program)
    (tmp_path / "Pulumi.dev.yaml").touch()
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "state")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    with pytest.raises(UsageError, match=rf"^--base: HEAD: no plan could be made there \({said}\); compare with a saved plan"):
        bases.at_ref(tmp_path, "dev", "HEAD")


def test_a_saved_plan_counts_from_where_the_user_is(project, tmp_path):
    (tmp_path / "saved.json").write_text(project.run("plan", "--json").stdout)
    done = project.run("plan", "--against", "saved.json", "--exit-code", env={"SLIPWAY_CWD": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_saved_plan_of_another_stack(project, tmp_path):
    (tmp_path / "saved.json").write_text(project.run("plan", "--json").stdout)
    done = project.run("-s", "aws", "plan", "--against", str(tmp_path / "saved.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "wanted a plan of stack 'aws' of 'slipway', found one of stack 'dev' of 'slipway'; choose it with --stack" in done.stderr
