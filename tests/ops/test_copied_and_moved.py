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
from components import owner, providers
from components.errors import SlipwayError
from components.hosts.transports.local import LocalTransport

OURS = owner.of(owner.IN_PROCESS, "slipway", "dev")
ACTING = ["up -y", "preview", "destroy -y", "rollback", "exec -- true", "backup", "restore 20260101-000000 -y", "maintenance on"]
READING = ["status", "logs", "releases", "backups", "open"]


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
    assert done.stderr.rstrip().endswith("adopt")
    assert (world.calls, world.hosts[0].asked) == ([], [])


@pytest.mark.parametrize("words", READING)
def test_what_reads_tells_of_it_and_goes_on(world, slipway, original, words, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
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


def test_a_copy_that_is_adopted_starts_anew_and_the_original_goes_on(world, slipway, original, monkeypatch):
    from ops.stack import workplace

    tree = here(world.folder, original)
    (tree / "app.sqlite3").write_text("rows")
    monkeypatch.setattr(workplace, "place", lambda call: SimpleNamespace(project="slipway", stack="dev", tree=tree))
    assert slipway("adopt").exit_code == 2
    assert tree.is_dir()
    assert slipway("adopt", "-y").exit_code == 0
    assert not tree.exists()
    assert [(one / "app.sqlite3").read_text() for one in world.folder.glob(".slipway-copied-*")] == ["rows"]
    assert owner.is_launched(original)


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
    assert done.stdout.endswith("Next: ./slipway -s dev up\n")


@pytest.fixture
def removed(tmp_path, monkeypatch) -> list[Path]:
    """Roots that were removed; the program runs in the folder `here`."""
    roots: list[Path] = []
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def connect(facts):
        root = Path(facts["root"])
        return SimpleNamespace(root=root, remove=lambda keep_data: roots.append(root), run=lambda words: {"ok": False, "message": ""})

    monkeypatch.setattr("components.hosts.transport.connect", connect)
    return roots


def props(root: Path) -> dict[str, object]:
    return {"facts": json.dumps({"root": str(root)}), "owner": vars(OURS)}


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
