"""A database that somebody else runs, used by two hosts: one release command at a time whatever is killed, and clear words."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import database_app
import pytest
from elsewhere import APP, OWNER, Elsewhere
from faults import record
from test_databases import get, needs, post

from components.release.store import to_json

ENGINES = database_app.ENGINES[1:]


@pytest.fixture
def elsewhere(request):
    needs(request.param)
    made = Elsewhere(request.param)
    yield made
    made.remove()


@pytest.fixture
def hosts(make_bench):
    made = (make_bench(), make_bench())
    for bench in made:
        assert bench.boot()["ok"]
    return made


def publish(bench, elsewhere, number, seconds=0.0, secrets=None):
    """A release that notes in `items` when its migration starts and, `seconds` later, ends; its health needs that table."""
    begun, ended = (f"INSERT INTO items (name) VALUES ('{word} {number}')" for word in ("begin", "end"))
    health = {"path": "/rows", "host": f"127.0.0.1:{bench.port}", "timeout": 20}
    schema = f"{begun};{elsewhere.sleep(seconds)};{ended}"
    release = database_app.publish(bench, number, elsewhere.engine, schema, "external", health=health)
    bench.store.put(f"secrets/web/{release}.json", to_json(elsewhere.secrets() if secrets is None else secrets))
    return release


def twin(bench, other, release):
    """The same release for another host, whose front listens elsewhere."""
    for name in [name for name in bench.store.names("") if release in name or name.startswith("releases/code/")]:
        text = bench.store.get(name)
        other.store.put(name, text.replace(str(bench.port).encode(), str(other.port).encode()) if name.endswith("manifest.json") else text)
    return release


def both(hosts, release):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda bench: bench.roll(release), hosts))


def wait(until, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def notes(elsewhere):
    return elsewhere.ask("SELECT name FROM items WHERE name LIKE '% _' ORDER BY id")


def environments(bench):
    """What the app's processes were started with."""
    status = bench.host.run(["status"])
    mine = [one["pid"] for one in status["processes"] if one["name"] == status["live"]["colour"]]
    children = Path(f"/proc/{mine[0]}/task/{mine[0]}/children").read_text().split()
    assert children
    return [Path(f"/proc/{pid}/environ").read_bytes() for pid in (*mine, *children)]


@pytest.mark.family("external databases", case="postgres")
@pytest.mark.parametrize("elsewhere", ENGINES, indirect=True)
def test_two_hosts_release_at_the_same_time(hosts, elsewhere):
    first, second = hosts
    release = twin(first, second, publish(first, elsewhere, 1, seconds=1))
    assert [verdict.message for verdict in both(hosts, release)] == ["", ""]
    assert notes(elsewhere) == ["begin 1", "end 1"]
    assert [get(bench) for bench in hosts] == ["1", "1"]
    assert post(first) == "1"
    assert get(second, "/rows") == "3"
    assert not [one for bench in hosts for one in environments(bench) if b"keeper" in one or b"OWNER_URL" in one]
    record("database", f"{elsewhere.engine}, external: two hosts release at once", "the release command ran once")
    killed(first, second, elsewhere)


def killed(first, second, elsewhere):
    """The host tool, while its command runs. That goes on; nobody else runs it before it ends; nothing stays locked."""
    release = twin(first, second, publish(first, elsewhere, 2, seconds=3))
    tool = subprocess.Popen(first.host.tool(["prepare", "7", release, "--elected"]), stdout=subprocess.DEVNULL)
    wait(lambda: "begin 2" in notes(elsewhere))
    tool.kill()
    tool.wait()
    began = time.monotonic()
    assert second.roll(release).ok
    seconds = time.monotonic() - began
    wanted = ["begin 1", "end 1", *["begin 2", "end 2"] * 2]
    assert notes(elsewhere) == wanted  # never two at once
    assert first.roll(release).ok
    assert notes(elsewhere) == wanted  # noted as done
    assert elsewhere.ask("SELECT id FROM slipway_lock FOR UPDATE NOWAIT") == ["1"]
    came = "the other host waits for that command, runs its own, nothing stays locked"
    record("kills", f"{elsewhere.engine}, external: host tool in its release command", came, seconds=seconds)


@pytest.mark.parametrize("elsewhere", ENGINES, indirect=True)
def test_what_goes_wrong_is_said_in_a_line_without_the_password(make_bench, elsewhere):
    bench = make_bench()
    assert bench.boot()["ok"]
    # Not elected, yet it takes its turn: another host may be the one that waits.
    lonely = publish(bench, elsewhere, 0)
    assert bench.host.run(["prepare", "1", lonely])["ok"]
    assert notes(elsewhere) == ["begin 0", "end 0"]
    assert bench.roll(lonely).ok
    url = elsewhere.url("app")
    wrong = {
        "password": ({"DATABASE_URL": elsewhere.url("app", "bad&word")}, "app@127.0.0.1:"),
        "host": ({"DATABASE_URL": elsewhere.url("app", port=1)}, "app@127.0.0.1:1/shop"),
        "missing": ({}, "slipway:secretEnv.DATABASE_URL: wanted"),
        "unquoted": ({"DATABASE_URL": url.replace("%3F", "?").replace("%23", "#")}, "%XX"),
        "engine": ({"DATABASE_URL": "oracle" + url[url.index(":") :]}, "found oracle://"),
        "owner": ({"DATABASE_URL": url, "DATABASE_OWNER_URL": elsewhere.url("keeper", "bad&word")}, "keeper@127.0.0.1:"),
    }
    for number, (name, (secrets, told)) in enumerate(wrong.items(), 1):
        verdict = bench.roll(publish(bench, elsewhere, number, secrets=secrets))
        reason = verdict.message.splitlines()[1]
        assert not verdict.ok
        assert reason.startswith("local, database: ")
        assert told in reason, (name, reason)
        assert quiet(verdict.message), (name, verdict.message)
        assert get(bench) == "0"
    assert written(bench) == []
    record("database", f"{elsewhere.engine}, external: {', '.join(wrong)} wrong", "refused in one line, never with the password")
    dies(bench, elsewhere)


def dies(bench, elsewhere):
    """The agent or the database, under the release command."""
    words = {"agent": "the next run runs it again", "database": "whether it changed the schema can't be seen"}
    for number, (victim, told) in enumerate(words.items(), 7):
        release = publish(bench, elsewhere, number, seconds=2)
        with ThreadPoolExecutor(1) as pool:
            rolling = pool.submit(bench.roll, release)
            wait(lambda name=f"begin {number}": name in notes(elsewhere))
            if victim == "agent":
                os.kill(agent(bench), signal.SIGKILL)
            else:
                elsewhere.stop()
            verdict = rolling.result()
        assert not verdict.ok
        assert told in verdict.message, verdict.message
        assert quiet(verdict.message), verdict.message
        if victim == "database":
            assert get(bench).startswith("503 database away")
            elsewhere.start()
        assert get(bench) == str({7: 0, 8: 7}[number])
        again = bench.roll(release)
        assert again.ok, again.message
        assert get(bench) == str(number)
        record("kills", f"{elsewhere.engine}, external: {victim}, in the release command", f"refused: {told}; the next run ends clean")


def agent(bench):
    """Its pid."""
    found = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _is_agent(path, str(bench.folder))]
    assert len(found) == 1
    return int(found[0].parent.name)


def _is_agent(path, folder):
    try:
        words = path.read_bytes().decode()
    except OSError:
        return False
    return folder in words and "files/database/agent.py" in words


def quiet(text):
    return not any(word in text for word in ("bad&word", "bad%26word", APP, OWNER, "p#p:1", "Traceback"))


def written(bench):
    """Files of the host, besides the release's own environment and the owner's, that hold a password."""
    tree = bench.folder / ".slipway/t"
    files = [
        path
        for path in tree.rglob("*")
        if path.is_file() and not {"venvs", "secrets"} & set(path.parts) and path.name not in ("env.json", "owner.json")
    ]
    return [path for path in files if not quiet(path.read_text("utf-8", "replace").replace("Traceback", ""))]
