"""Broken releases, one after the other on one host under load: each is refused with its reason, the old one serves."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import steps
from accidents import Doomed
from faults import record
from load import Load

from components.errors import SlipwayError
from components.hosts.site import Site
from components.rollout import coordinator

GUNICORN = (Path(__file__).parents[2] / "requirements/gunicorn.txt").read_text()
TABLE = "import os, sqlite3\nbase = sqlite3.connect(os.environ['DATABASE_URL'][10:], isolation_level=None)\n"
MIGRATED = TABLE + "base.execute('CREATE TABLE IF NOT EXISTS rows (x)')\n"
HEALTH = {"path": "/", "timeout": 3}


def release(bench, number, wsgi=None, migrate=MIGRATED, requirements="flask==3.1.3\n", health=None, **manifest):
    source = wsgi(bench.source) if callable(wsgi) else wsgi or bench.source
    sources = {"wsgi.py": source.replace("NUMBER", str(number)), "migrate.py": migrate}
    wanted = {"path": "/", "host": f"127.0.0.1:{bench.port}", "timeout": 20, **(health or {})}
    given = {
        "requirements": [requirements, GUNICORN],
        "health": wanted,
        "database": {"engine": "sqlite", "placement": "same-host"},
        "release_command": "python migrate.py",
    }
    return bench.publish(number, sources=sources, manifest={**given, **manifest})


def sdist(folder: Path) -> str:
    """A package whose build fails."""
    package = folder / "wheelless"
    package.mkdir()
    (package / "setup.py").write_text("raise SystemExit('fatal: needs libfoo.h')\n")
    package.chmod(0o755)  # the building user reads it
    return f"wheelless @ file://{package}\n"


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "import error": ({"wsgi": lambda app: "import nosuchmodule\n" + app}, "ModuleNotFoundError: No module named 'nosuchmodule'"),
    "error in the app's own start": ({"wsgi": "raise RuntimeError('no config')\n"}, "RuntimeError: no config"),
    "syntax error": ({"wsgi": "def\n"}, "SyntaxError"),
    "wrong module": ({"module": "nosuch:app"}, "No module named 'nosuch'"),
    "wrong name in the module": ({"module": "wsgi:nosuch"}, "nosuch"),
    "500 at health": ({"wsgi": lambda app: app.replace('return "NUMBER"', "1 / 0"), "health": HEALTH}, "found 500"),
    "404 at health": ({"health": {"path": "/nosuch", "timeout": 3}}, "set slipway:app.healthPath"),
    "never ready": ({"wsgi": "import time\ntime.sleep(600)\n", "health": HEALTH}, "no answer"),
    "never answers": ({"wsgi": lambda app: app.replace('return "NUMBER"', "time.sleep(600)"), "health": {"timeout": 6}}, "no answer"),
    "missing requirement": ({"requirements": "slipway-no-such-package==1\n"}, "slipway-no-such-package"),
    "requirement that does not build": ({"requirements": "SDIST"}, "needs libfoo.h"),
    "requirements that contradict each other": ({"requirements": "flask==3.1.3\nwerkzeug==1.0.0\n"}, "requirements can't be installed"),
    "first migration statement": ({"migrate": TABLE + "base.execute('NONSENSE')\n"}, 'near "NONSENSE"'),
    "second migration statement": ({"migrate": TABLE + "base.execute('CREATE TABLE b (x)')\nbase.execute('NONSENSE')\n"}, "was put back"),
    "release command that is not there": ({"release_command": "nosuchcommand --x"}, "nosuchcommand: not found"),
    "process that ends as it starts": ({"processes": {"worker": "false"}}, "slipway:app.processes.worker ended as it started"),
    "static folder that is not there": ({"static": {"/static": "nosuch"}}, "wanted a folder 'nosuch' in the app"),
    "front configuration that nginx refuses": ({"files": "BAD FRONT"}, "nginx refuses the rendered configuration"),
    "another Python": ({"python": "3.5"}, "slipway:app.python: wanted 3.5"),
}


def test_broken_releases_under_load(make_bench):
    bench = make_bench()
    bench.boot()
    good = release(bench, 0)
    assert bench.roll(good).ok
    for number, (kind, (change, reason)) in enumerate(BROKEN.items(), 1):
        change = dict(change)
        if change.get("requirements") == "SDIST":
            change["requirements"] = sdist(bench.folder)
        if change.get("files") == "BAD FRONT":
            change["files"] = [{"path": "etc/nginx.conf", "content": "nonsense;\n", "mode": "0644"}]
        began = time.monotonic()
        with Load(bench.port, bodies=("0",), post="/take", clients=4, interval=0.02) as load:
            verdict = bench.roll(release(bench, number, **change))
        assert not verdict.ok, kind
        assert reason in verdict.message, (kind, verdict.message)
        assert f"release {good} still serves" in verdict.message
        assert verdict.live == good
        assert load.failures == [], kind
        status = bench.host.run(["status"])
        assert status["candidate"] is None, kind
        record("broken", kind, f"refused: {reason}", load.sent, len(load.failures), time.monotonic() - began)
    assert bench.roll(release(bench, 99)).ok


@pytest.mark.family("broken releases")
def test_left_overs_in_the_way_of_a_release(make_bench):
    """A socket, a file, a folder or a strange listener where the next release wants its socket."""
    bench = make_bench()
    bench.boot()
    assert bench.roll(release(bench, 0)).ok
    place = Path(bench.facts["run"]) / "green/own/app.sock"

    def listener():
        held = socket.socket(socket.AF_UNIX)
        held.bind(str(place))
        held.listen()
        return held

    for number, (kind, leave) in enumerate({"socket": listener, "file": place.touch, "folder": place.mkdir}.items(), 1):
        place = Path(bench.facts["run"]) / ("green" if number % 2 else "blue") / "own/app.sock"
        if place.exists():
            place.unlink()
        held = contextlib.closing(leave()) if kind == "socket" else contextlib.nullcontext(leave())
        with held, Load(bench.port, bodies=(str(number - 1), str(number)), clients=4, interval=0.02) as load:
            verdict = bench.roll(release(bench, number))
        assert verdict.ok, (kind, verdict.message)
        assert load.failures == [], kind
        record("broken", f"a {kind} left over where the release's socket belongs", "removed; the release goes out", load.sent, 0)


ALL = (*steps.PREPARE, *steps.COMMIT)


@pytest.fixture
def small_disk(make_bench):
    """A host on a file system of its own of 200 MB."""
    bench = make_bench()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "none", str(bench.folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield bench
        (bench.folder / ".slipway/t/filler").unlink(missing_ok=True)  # of a test that failed: stopping needs a little room
        bench.host.remove(keep_data=False)
    finally:
        subprocess.run(["umount", "--lazy", str(bench.folder)], check=True)


def rolled(bench, host, wanted):
    """(ok, message): the store may have no room for the verdict either, which is then told as an error."""
    try:
        verdict = coordinator.roll(Site(bench.store, [host], bench.day.url), wanted)
    except SlipwayError as error:
        return False, str(error)
    return verdict.ok, verdict.message


def test_the_disk_is_full_in_each_step(small_disk):
    bench = small_disk
    bench.boot()
    assert bench.roll(release(bench, 0, requirements="# 0\nflask==3.1.3\n")).ok
    filler = bench.folder / ".slipway/t/filler"
    serves = "0"
    for number, step in enumerate(ALL, 1):
        wanted = release(bench, number, requirements=f"# {number}\nflask==3.1.3\n")
        # An upload over 16 kB waits in a file of nginx's: it needs room on any disk, so none is sent here.
        with Load(bench.port, bodies=(serves, str(number)), clients=2, interval=0.01) as load:
            ok, message = rolled(bench, Doomed(bench.facts, "fill", "before", step), wanted)
            assert filler.exists(), step
            assert "Traceback" not in message, message
            assert ok or "disk" in message or "space" in message, (step, message)
            filler.unlink()
            began = time.monotonic()
            again = bench.roll(release(bench, number, requirements=f"# {number}\nflask==3.1.3\n"))
            assert again.ok, (step, again.message)
        assert load.failures == [], step
        serves = str(number)
        came = "goes out all the same" if ok else "refused: no space left; the old one serves; goes out when there is space"
        record("broken", f"disk full in step `{step}`", came, load.sent, 0, time.monotonic() - began)


def test_permission_lost(make_bench):
    """Folders that the tool or the app's user can no longer write or read."""
    bench = make_bench()
    bench.boot()
    assert bench.roll(release(bench, 0)).ok
    srv = bench.folder / ".slipway/t/srv/slipway/demo"
    if os.geteuid() != 0 or not shutil.which("chattr"):
        pytest.skip("needs root and chattr, because root is refused nothing else")
    for number, name in enumerate(("releases", "venvs"), 1):
        if subprocess.run(["chattr", "+i", str(srv / name)], capture_output=True, check=False).returncode:
            pytest.skip("this file system has no immutable folders")
        try:
            with Load(bench.port, bodies=("0",), clients=4, interval=0.02) as load:
                verdict = bench.roll(release(bench, number, requirements=f"# {number}\nflask==3.1.3\n"))
        finally:
            subprocess.run(["chattr", "-i", str(srv / name)], check=True)
        assert not verdict.ok
        assert "Traceback" not in verdict.message
        assert str(srv / name) in verdict.message, verdict.message
        assert load.failures == []
        record("broken", f"`{name}` can't be written any more", "refused, with the folder's name", load.sent, 0)
    shared = srv / "shared"
    owner = shared.stat()
    os.chown(shared, 0, 0)
    shared.chmod(0o700)
    if bench.facts["user"] is None:
        return
    writing = "open('../../../shared/x', 'w')\n"
    verdict = bench.roll(release(bench, 3, migrate=writing))
    told = "shared/app.sqlite3: wanted a database that can be read and copied, found: unable to open database file; "
    assert told in verdict.message  # its copy comes before the command
    assert bench.boot()["ok"]  # as every `up` does: folders are the app's again
    assert shared.stat().st_uid == owner.st_uid
    assert bench.roll(release(bench, 4, migrate=writing)).ok
    record("broken", "`shared` no longer the app's", "refused, with the reason; the next `up` mends it")
