"""A project folder that was copied or moved: nothing is done from it before somebody says which it is."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cloud_init.host.base import processes
from cloud_init.host.contracts.facts import FrontFacts, HostFacts
from components import owner, providers, target
from components.deployment.answers import Kept
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.transports.local import LocalTransport
from ops.engine import providers as engine

OURS = owner.of(owner.IN_PROCESS, "slipway", "dev")
ACTING = ["up -y", "preview", "destroy -y", "rollback", "exec -- true", "backup", "restore 20260101-000000 -y", "maintenance on"]
READING = ["status", "logs", "releases", "backups"]


@pytest.fixture
def original(tmp_path: Path) -> Path:
    tree = tmp_path / "original/.slipway/dev"
    owner.adopt(tree, OURS)
    (tree / "owner.json").write_text(json.dumps({**vars(OURS), "tree": str(tree)}))
    return tree


def here(folder: Path, original: Path) -> Path:
    """The copy, or what was moved, where the made-up world has its tree."""
    shutil.copytree(original, folder / ".slipway")
    return folder / ".slipway"


@pytest.mark.parametrize("words", ACTING)
@pytest.mark.parametrize("moved", [False, True])
def test_nothing_is_done_from_another_folder(world, slipway, original, words, moved):
    here(world.folder, original)
    if moved:
        shutil.rmtree(original)
    done = slipway(*words.split())
    told = "launched as" if moved else "a copy of"
    assert (done.exit_code, told in done.stderr, done.stderr.count("\n")) == (2, True, 1), done.output
    assert done.stderr.rstrip().endswith("adopt" if moved else "-copied")
    assert (world.calls, world.hosts[0].asked) == ([], [])


@pytest.mark.parametrize("words", READING)
def test_what_reads_tells_of_it_and_goes_on(world, slipway, original, words):
    world.hosts[0].answers["backups"] = {"ok": True, "backups": []}
    here(world.folder, original)
    done = slipway(*words.split())
    assert (done.exit_code, f"a copy of {original}" in done.stderr) == (0, True), done.output
    assert done.stdout


def test_another_name_of_the_same_folder_is_no_other(world, slipway, original, monkeypatch):
    (world.folder / ".slipway").symlink_to(original)
    assert slipway("up", "-y").exit_code == 0


def test_a_mark_of_the_version_before_is_the_trees_own(tmp_path, original):
    mark = json.loads((original / "owner.json").read_text())
    del mark["tree"]
    (original / "owner.json").write_text(json.dumps(mark))
    tree = here(tmp_path, original)
    assert (owner.elsewhere(tree), owner.refusal(tree, OURS)) == ("", None)


def test_a_copy_is_not_adopted_and_put_aside_starts_anew(world, slipway, original, monkeypatch):
    from ops.stack import workplace

    tree = here(world.folder, original)
    monkeypatch.setattr(workplace, "place", lambda call: SimpleNamespace(project="slipway", stack="dev", tree=tree))
    done = slipway("adopt", "-y")
    assert (done.exit_code, tree.is_dir(), owner.is_launched(original)) == (2, True, True)
    assert done.stderr.rstrip().endswith(f"start anew here: mv .slipway/{tree.name} .slipway/{tree.name}-copied")
    tree.rename(f"{tree}-copied")
    assert owner.elsewhere(tree) == ""


def test_a_tree_that_was_moved_is_made_whole_by_adopt(world, slipway, original, monkeypatch):
    from ops.stack import workplace

    tree, settled = here(world.folder, original), []
    shutil.rmtree(original)
    (tree / "etc/slipway").mkdir(parents=True)
    (tree / "etc/slipway/host.json").write_text(json.dumps({"transport": "local", "root": str(original)}))
    monkeypatch.setattr(workplace, "place", lambda call: SimpleNamespace(project="slipway", stack="dev", tree=tree))
    told = lambda facts: SimpleNamespace(settle=lambda origin: settled.append((facts["root"], origin)))  # noqa: E731
    monkeypatch.setattr("components.hosts.transport.connect", told)
    done = slipway("adopt", "-y")
    assert (done.exit_code, settled, owner.is_launched(tree)) == (0, [(str(tree), original)], True), done.output
    assert done.stdout == f"Nothing runs of {original} any more; its data is here. Next: ./slipway -s dev up\n"


@pytest.fixture
def removed(tmp_path, monkeypatch) -> list[Path]:
    """Roots that were removed; the program runs in the folder `here`."""
    roots: list[Path] = []
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def connect(facts):
        root = Path(facts["root"])
        told = {"ok": False, "message": ""}
        kept = [Kept(f"{root}/shared", 9)]
        return SimpleNamespace(
            host="local", root=root, kept=lambda: kept, remove=lambda keep_data: roots.append(root), run=lambda words: told
        )

    monkeypatch.setattr("components.hosts.transport.connect", connect)
    return roots


def props(root: Path) -> dict[str, object]:
    return {"facts": json.dumps({"root": str(root), "host": "local", "app": "shop"}), "owner": vars(OURS)}


def test_the_clis_destroy_in_another_folder_leaves_the_original(original, removed):
    """The bare CLI runs the provider alone, whatever `./slipway` refuses."""
    with pytest.raises(SlipwayError, match="wanted the folder that the stack was launched in"):
        providers.HostProvider().delete("local", props(original))
    shutil.copytree(original, Path(".slipway/dev"))
    with pytest.raises(SlipwayError, match="is a copy of"):
        providers.HostProvider().delete("local", props(original))
    assert removed == []
    checked = providers.HostProvider().check(props(original), props(Path.cwd() / ".slipway/dev"))
    assert "is a copy of" in checked.failures[0].reason


def test_the_clis_up_in_another_checkout_leaves_the_original(original, removed):
    checked = providers.HostProvider().check(props(original), props(Path.cwd() / ".slipway/dev"))
    assert str(original) in checked.failures[0].reason
    asked = {**props(Path.cwd() / ".slipway/dev"), engine.KEY: ""}
    assert engine.check(providers.HostProvider(), props(original), asked)[1][0].startswith(str(Path.cwd()))


def test_destroy_of_what_is_gone_without_a_trace_is_refused_until_it_is_adopted(original, removed):
    shutil.rmtree(original)
    with pytest.raises(SlipwayError, match="adopt --to-pulumi"):
        providers.HostProvider().delete("local", props(original))
    owner.adopt(Path.cwd() / ".slipway/dev", OURS)
    providers.HostProvider().delete("local", props(original))
    assert removed == [Path.cwd() / ".slipway/dev"]


def test_destroy_after_a_move_ends_what_runs_at_the_new_place(original, removed):
    original.parent.rename(".slipway")
    with pytest.raises(SlipwayError, match="and moved"):
        providers.HostProvider().delete("local", props(original))
    owner.adopt(Path.cwd() / ".slipway/dev", OURS)
    providers.HostProvider().delete("local", props(original))
    assert removed == [Path.cwd() / ".slipway/dev"]


def test_what_stays_is_told_where_slipway_does_not_list_it(original, removed, capsys):
    owner.adopt(tree := Path.cwd() / ".slipway/dev", OURS)
    heard: list[progress.HostStep] = []
    with progress.listen(heard.append):
        providers.HostProvider().delete("local", props(tree))
    assert (heard, capsys.readouterr().err) == ([], "")
    providers.HostProvider().delete("local", props(tree))
    line = f"local: stays: {tree}/shared; to remove it too: ./slipway -s dev destroy --with-data shop\n"
    assert (removed, capsys.readouterr().err) == ([tree, tree], line)


def test_what_stays_on_a_server_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("components.ssh.bring_up.leave", lambda facts, tree: None)
    facts = json.dumps({"host": "web-1", "app": "shop"})
    providers.SshServerProvider().delete("web-1", {"facts": facts, "tree": str(tmp_path / ".slipway/dev")})
    told = "web-1: data stays in /srv/slipway/shop; to remove it too: ./slipway -s dev destroy --with-data shop\n"
    assert capsys.readouterr().err == told


def test_nothing_of_a_copy_leaves_the_clis_state(original, removed, capsys):
    """A rollout goes first of all: where it stays, so does what it depends on."""
    rolled = {"release": "a", "tree": str(original)}
    shutil.copytree(original, Path(".slipway/dev"))
    with pytest.raises(SlipwayError, match="is a copy of"):
        providers.RolloutProvider().delete("rollout", rolled)
    providers.RolloutProvider().delete("rollout", {"release": "a"})
    asked = {**rolled, "store": "file:///none"}
    assert providers.RolloutProvider().read("rollout", asked).outs == asked
    assert capsys.readouterr().err == ""  # of the copy its host tells


def test_the_cli_runs_no_program_in_a_copy(tmp_path, original, monkeypatch):
    """The program refuses, since the CLI tells that in one line, and what a provider refuses in many."""
    monkeypatch.setattr(owner, "current", lambda project, stack: OURS)
    monkeypatch.setattr("pulumi.get_project", lambda: "slipway")
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
    shutil.copytree(original, tmp_path / "copy/.slipway/dev")
    monkeypatch.chdir(tmp_path / "copy")
    assert target.place().folder == tmp_path / "copy"  # a plan, which changes nothing
    theirs = owner.of(owner.CLI, "slipway", "dev")
    monkeypatch.setattr(owner, "current", lambda project, stack: theirs)
    with pytest.raises(SlipwayError, match="is managed by"):
        target.place()
    (Path(".slipway/dev/owner.json")).write_text(json.dumps({**vars(theirs), "tree": str(original)}))
    with pytest.raises(SlipwayError, match="is a copy of"):
        target.place()


def test_the_backend_is_found_where_the_cli_keeps_it(tmp_path, monkeypatch):
    """By the system's word for a person's home: in a container HOME often says another one."""
    for name in ("PULUMI_BACKEND_URL", "PULUMI_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    monkeypatch.setattr("pwd.getpwuid", lambda uid: SimpleNamespace(pw_dir=str(tmp_path)))
    (tmp_path / ".pulumi").mkdir()
    (tmp_path / ".pulumi/credentials.json").write_text('{"current": "file://~"}')
    assert owner.of(owner.CLI, "slipway", "dev").backend == "file://~"


def test_a_moved_tree_stays_the_clis(original):
    """The step that is told must not hand the stack to the other engine."""
    owner.adopt(original, owner.of(owner.CLI, "slipway", "dev"))
    original.rename(original.with_name("new"))
    assert owner.elsewhere(original.with_name("new")).endswith("./slipway -s new adopt --to-pulumi")


def test_settling_ends_what_runs_by_the_facts_of_the_old_place(tmp_path):
    """With the real host tool, whose `halt` starts nothing: only it knows what it noted of its processes."""
    from cloud_init.host_tool import tool

    short = tmp_path / "short/shop"
    facts = HostFacts("shop", "local", str(short), "file:///none", sys.executable, FrontFacts(("127.0.0.1", 9)), str(tmp_path / "old"))
    LocalTransport(facts).install(tool())
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    processes.record(short / "blue/process.json", left.pid)
    for name in ("srv/slipway/shop/shared/app.sqlite3", "srv/slipway/shop/releases/a/ready", "store/desired.json"):
        (tmp_path / "old" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "old" / name).write_text("{}")
    os.rename(tmp_path / "old", tmp_path / "new")
    LocalTransport(replace(facts, root=str(tmp_path / "new"))).settle(tmp_path / "old")
    assert left.wait(10) != 0
    there = {str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert there == {"srv/slipway/shop/shared/app.sqlite3", "store/desired.json"}
    assert not short.exists()


def test_a_cluster_that_nothing_here_can_dump_stays(tmp_path):
    """After a plain `destroy` its files alone are there: those are no backup."""
    facts = HostFacts("shop", "local", str(tmp_path / "run"), "file:///none", sys.executable, FrontFacts(("127.0.0.1", 9)), str(tmp_path))
    (tmp_path / "srv/slipway/shop/data/postgres").mkdir(parents=True)
    with pytest.raises(SlipwayError, match=r"last backup: .*shop/data: wanted a release that can dump .* run `up` first, or move"):
        LocalTransport(facts).save("postgres", tmp_path / "last")
    assert [path.name for path in tmp_path.iterdir()] == ["srv"]
