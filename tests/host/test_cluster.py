"""A cluster of the host itself: made on a full disk, killed while it is made, its socket gone, its data damaged or of another version."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from database_app import ENGINES, publish
from faults import record
from test_databases import get, needs, post

from components.hosts.transports.local import run_folder

SERVERS = ENGINES[1:]
LONGEST = ("supervisor.sock.4194304", "database/.s.PGSQL.5432", "database/mysqld.sock", "green/own/app.sock")


def data(bench):
    return bench.folder / ".slipway/t/srv/slipway/demo/data"


@contextlib.contextmanager
def limited(folder, megabytes):
    """A file system of its own at `folder`; gives what changes its size."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "none", str(folder), "-o"]
    if subprocess.run([*command, f"size={megabytes}m,mode=755"], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield lambda size: subprocess.run([*command, f"remount,size={size}m"], check=True)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("engine", SERVERS)
def test_a_disk_that_fills_and_a_kill_while_the_cluster_is_made(make_bench, engine):
    needs(engine)
    bench = make_bench()
    assert bench.boot()["ok"]
    with limited(data(bench), 6) as resize:
        verdict = bench.roll(publish(bench, 0, engine))
        assert not verdict.ok
        reason = verdict.message.splitlines()[1]
        assert reason.startswith("local, database: ")
        assert {"postgres": "No space left on device", "mysql": "failed with error 28"}[engine] in reason, verdict.message
        assert "Traceback" not in verdict.message
        assert [path.name for path in data(bench).iterdir()] == ["passwords"]
        resize(600)
        release = publish(bench, 1, engine)
        tool = subprocess.Popen(bench.host.tool(["prepare", "7", release, "--elected"]), stdout=subprocess.DEVNULL)
        while not any(data(bench).glob(f".{engine}.*.part/*")):
            assert tool.poll() is None
            time.sleep(0.01)
        tool.kill()
        tool.wait()
        assert bench.roll(release).ok
        time.sleep(1)
        assert bench.roll(publish(bench, 2, engine)).ok
        assert {path.name for path in data(bench).iterdir()} == {"passwords", engine}
        assert post(bench) == "1"
        bench.host.run(["halt"])
    record("database", f"{engine}: the disk is full while the cluster is made", "refused: no space left; made when there is space")
    record("kills", f"{engine}: host tool while the cluster is made", "the next run makes it")


@pytest.mark.family("clusters", case="postgres")
@pytest.mark.parametrize("engine", SERVERS)
def test_a_reboot_then_data_of_another_version_then_damaged_data(make_bench, engine):
    needs(engine)
    bench = make_bench()
    assert bench.boot()["ok"]
    impatient = {"path": "/", "host": f"127.0.0.1:{bench.port}", "timeout": 4}
    assert bench.roll(publish(bench, 0, engine, health=impatient)).ok
    post(bench)
    assert told(bench) == []
    bench.host.run(["halt"])
    shutil.rmtree(bench.facts["run"])
    assert bench.host.run(["boot"])["ok"]
    assert get(bench, "/rows") == "1"
    record("database", f"{engine}: RUN is gone after a reboot", "its socket's folder is made again; rows are there")
    if engine == "postgres":
        version = data(bench) / "postgres/PG_VERSION"
        mine = version.read_text()
        version.write_text("9\n")
        reason = refused(bench, engine, 1)
        assert f"{data(bench)}/postgres: wanted PostgreSQL 9, which made these data, found {mine.strip()}; install postgresql-9" in reason
        version.write_text(mine)
    bench.host.run(["halt"])
    os.truncate(data(bench) / engine / {"postgres": "global/pg_control", "mysql": "ibdata1"}[engine], 100)
    bench.host.run(["boot"])
    assert f"{engine} ended as it started: " in refused(bench, engine, 2)
    record("database", f"{engine}: damaged data", "refused with the server's own last words")


def refused(bench, engine, number):
    verdict = bench.roll(publish(bench, number, engine))
    assert not verdict.ok
    assert "Traceback" not in verdict.message
    return verdict.message.splitlines()[1]


def told(bench):
    """Files and command lines that hold a password of the cluster; the files that are there to hold it left out."""
    tree = bench.folder / ".slipway/t"
    words = [json.loads(path.read_text())["password"].encode() for path in data(bench).glob("passwords/*/*.json")]
    assert len(words) == 3
    kept = {"passwords", "venvs"}
    files = [path for path in tree.rglob("*") if path.is_file() and not kept & set(path.parts)]
    lines = [path for path in Path("/proc").glob("[0-9]*/cmdline")]
    found = []
    for path in files + lines:
        with contextlib.suppress(OSError):  # a process that has ended meanwhile
            found += [path for word in words if word in path.read_bytes()]
    return found


@pytest.mark.parametrize("length", range(40, 70))
def test_every_socket_fits_whatever_the_folder_is_called(length):
    run = run_folder(Path("/" + "x" * (length - 1)), "demo")
    assert all(len(os.fsencode(run / name)) <= 107 for name in LONGEST)
