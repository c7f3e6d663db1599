"""Files damaged at random, one at a time, on a host that serves: each is mended or told in one line, and nothing that serves stops."""

import json
import random
import urllib.request
from fnmatch import fnmatch
from pathlib import Path

import documents
import pytest
from damages import OF_FILES, OF_LINKS, Damage, emptied, flipped, gone, strange, truncated
from faults import record

from cloud_init.host.release import unpack
from components.errors import SlipwayError
from components.release.publishing import publish
from components.release.store import connect, in_folder
from components.source.archive import collect

SEED = 20261121
COUNT = 26
APP = """
def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"NUMBER"]
"""
# Without the link that says which colour is live, or what the colour runs, nothing can be served until it is there again.
NEEDED_TO_SERVE = ("live", "release")

WHERE = (
    ("host", "etc/slipway/host.json"), ("host", "etc/slipway/demo/supervisord.conf"), ("host", "etc/slipway/demo/front"),
    ("host", "etc/slipway/demo/front.listen"), ("host", "opt/slipway/host.pyz"),
    ("host", "var/lib/slipway/demo/state.json"), ("host", "var/lib/slipway/demo/lock"), ("host", "var/lib/slipway/demo/audit.log"),
    ("host", "var/lib/slipway/demo/processes/*.json"), ("host", "var/lib/slipway/demo/released/*.json"),
    ("release", "srv/slipway/demo/releases/*/ready"), ("release", "srv/slipway/demo/releases/*/env.json"),
    ("release", "srv/slipway/demo/releases/*/manifest.json"), ("release", "srv/slipway/demo/releases/*/etc/nginx.conf"),
    ("release", "srv/slipway/demo/releases/*/venv"), ("release", "srv/slipway/demo/releases/*/files/start.py"),
    ("release", "srv/slipway/demo/venvs/*/ready"), ("run", "run/*"), ("run", "run/*/*.json"), ("run", "run/*/release"),
    ("store", "store/desired.json"), ("store", "store/releases/*/manifest.json"), ("store", "store/releases/code/*.tar.gz"),
    ("store", "store/outcomes/*/*.json"), ("store", "store/rollout.lock"),
)  # fmt: skip


def release(bench, number):
    return bench.publish(
        number, sources={"wsgi.py": APP.replace("NUMBER", str(number))},
        manifest={
            "database": {"engine": "sqlite", "placement": "same-host"}, "release_command": "true",
            "environment": {"A": "1"},
        },
    )  # fmt: skip


def places(bench, pattern):
    """The files and links of one pattern, as they are now."""
    root = Path(bench.facts["run"]) if pattern.startswith("run/") else bench.folder / ".slipway/t"
    folders, _, name = pattern.removeprefix("run/").rpartition("/")
    found = [path for folder in (root.glob(folders) if folders else (root,)) if folder.is_dir() for path in folder.iterdir()]
    found = [path for path in found if fnmatch(path.name, name) and ".aside-" not in path.name]
    return sorted(path for path in found if path.is_symlink() or path.is_file())


def served(bench):
    with urllib.request.urlopen(f"http://127.0.0.1:{bench.port}/", timeout=10) as answer:
        return answer.read().decode()


def clear(said):
    """What a person reads: no traceback, no screenful."""
    assert "Traceback" not in said, said
    assert 'File "' not in said, said
    assert len(said) < 3000, said
    return said


def tried(action, *arguments):
    """Whether it went well, and what was said."""
    try:
        outcome = action(*arguments)
    except SlipwayError as error:
        return False, clear(str(error))
    if isinstance(outcome, dict):
        return outcome.get("ok", True), clear("\n".join([str(outcome.get("message", "")), *(outcome.get("log") or [])]))
    return outcome.ok, clear(outcome.message)


@pytest.mark.family("damage")
def test_damaged_files(make_bench):
    chance = random.Random(SEED)
    bench = make_bench()
    bench.boot()
    for number in (1, 2):
        assert bench.roll(release(bench, number)).ok
    serves, kinds = 2, []
    for count in range(COUNT):
        area, pattern = WHERE[count % len(WHERE)]
        path = chance.choice(places(bench, pattern))
        how = chance.choice(OF_LINKS if path.is_symlink() else OF_FILES)
        name = f"{path.relative_to(bench.folder)} {how.__name__}"
        new = release(bench, 100 + count)
        damage = Damage(path, how, chance)
        results = [tried(bench.host.run, ["status"]), tried(bench.boot)]
        if path.name not in NEEDED_TO_SERVE:
            assert served(bench) == str(serves), (name, results)
        results.append(tried(bench.roll, new))
        mended = results[-1][0]
        if not mended:
            assert all(said for ok, said in results if not ok), name
            if path.name not in NEEDED_TO_SERVE:
                assert served(bench) == str(serves), name
            damage.undo()
            again = [tried(bench.boot), tried(bench.roll, release(bench, 100 + count))]
            assert all(ok for ok, _ in again), (name, again)
        serves = 100 + count
        assert served(bench) == str(serves), name
        kinds.append((area, mended))
    for area in dict.fromkeys(area for area, _ in WHERE):
        outcomes = [mended for kind, mended in kinds if kind == area]
        came = f"{sum(outcomes)} mended by the next `up`, {len(outcomes) - sum(outcomes)} told in a line; the release goes on serving"
        record("damage", f"{len(outcomes)} damages to files of the {area}", came)


def test_a_damaged_archive_is_published_again(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/wsgi.py").write_text(APP)
    code, store = collect(tmp_path / "app"), connect(in_folder(tmp_path / "store"))
    manifest = {**documents.MANIFEST, "code": {"id": code.id, "sha256": code.sha256, "bytes": code.bytes}, "tool": "t"}
    props = {"manifest": json.dumps(manifest), "release": "r1", "source": str(tmp_path / "app"), "secret_environment": {}}
    publish(store, props)
    path = tmp_path / f"store/releases/code/{code.id}.tar.gz"
    for how in (truncated, flipped, emptied, strange, gone):
        how(path, random.Random(SEED))
        publish(store, props)
        unpack.verify(path, documents.manifest(**manifest).code)
