"""What is shown of a stack on a cloud, whichever it is: launched, released under load, driven by its user, grown."""

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from load import Load

from .apps import ROWS, STATEMENT
from .cloud_stack import Stack
from .outside import listening, open_ports
from .reach import reached
from .servers import DRIVERS, SMALL, pids

_WORKER = "import time\nwhile True:\n    print('one more round', flush=True)\n    time.sleep(5)\n"
SUM = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as base:
    print(*base.execute("SELECT count(*), md5(string_agg(r::text, '|' ORDER BY id)) FROM rows r").fetchone())
"""
_DROP = "PATH=/usr/lib/postgresql/17/bin:$PATH PGHOST=/run/slipway/shop/database PGUSER=owner; psql -qd shop -c 'DROP TABLE rows'"
Say = Callable[[str], None]


def launch(stack: Stack, say: Say, what: str) -> str:
    """The address that serves."""
    began = time.monotonic()
    launched = stack.up()
    assert launched.ok, launched.error
    say(f"bare account to {what}: {time.monotonic() - began:.1f} s")
    (address,) = launched.outputs["addresses"]
    assert stack.ask(address)[2] == launched.outputs["release"]
    return str(address)


def a_server_and_its_database(stack: Stack, say: Say) -> str:
    """PostgreSQL on a server of its own: released under load, and driven by its user. The address."""
    stack.project.write_files({**ROWS, "worker.py": _WORKER, "sums.py": SUM})
    write(stack)
    address = launch(stack, say, "green")
    assert stack.ask(address)[1] == "one"
    only_who_the_groups_name(stack, 5432)
    releases_under_load(stack, address, say)
    day_two(stack, address, say)
    return address


def a_server_and_its_mysql(stack: Stack, say: Say, file: Path) -> None:
    """The stack of that file; of MySQL Debian has MariaDB."""
    config = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    stack.project.take_example(DRIVERS["mysql"])
    stack.write(**{name.removeprefix("slipway:"): value for name, value in config.items()})
    address = launch(stack, say, "green, with MariaDB")
    assert stack.ask(address, "/healthz")[0] == 200
    assert pids(stack.hosts.of("database"), "mariadbd")
    only_who_the_groups_name(stack, 3306)
    assert statement(stack, "SELECT count(*) FROM user_info") == "[(0,)]"
    assert "denied" in statement(stack, "CREATE TABLE mischief (x integer)")


def a_fleet(stack: Stack, say: Say, reached_by_others: bool) -> None:
    """Without public addresses: its way out is address translation. It grows, and loses one in a rollout. `reached_by_others`: its hosts
    are open to all of its network."""
    stack.project.write_files({"wsgi.py": SMALL, "requirements.txt": "flask==3.1.3\n"})
    options = {"instances": {"min": 2, "max": 4}, "network": {"nat": True}}
    stack.write(app={"name": "shop", "path": "./app"}, **{stack.account.TARGET: options})
    address = launch(stack, say, "a green fleet of two")
    assert stack.ask(address)[1] == "one"
    hosts = {one.name: (one.address, 80) for one in stack.hosts.running.values()}
    assert reached(stack.hosts.network.stranger("third"), hosts) == ({*hosts} if reached_by_others else set())
    joined(stack, address, say)
    dead_in_a_rollout(stack, address, say)


def write(stack: Stack, **options: Any) -> None:
    app = {"name": "shop", "path": "./app", "releaseCommand": "python migrate.py", "processes": {"worker": "python worker.py"}}
    database = {"engine": "postgres", "placement": "own-host"}
    stack.write(app=app, database=database, **{stack.account.TARGET: options})


def only_who_the_groups_name(stack: Stack, port: int) -> None:
    """A third host is kept out by the security groups alone: without them it would get in."""
    web, database = stack.hosts.of("web"), stack.hosts.of("database")
    third, gateway = stack.hosts.network.stranger("third"), stack.hosts.network.gateway
    places = {"site": (web.address, 80), "database": (database.address, port)}
    assert reached(third, places) == {"site"}
    assert reached(web, places) == {*places}
    assert open_ports(web.address, gateway, listening(web)) == [80]
    assert open_ports(database.address, gateway, listening(database)) == []
    with stack.hosts.walls.down():
        assert reached(third, places) == {*places}


def releases_under_load(stack: Stack, address: str, say: Say) -> None:
    """Five good ones, each live soon after the command; a broken one refused."""
    with Load(80, (address,), bodies=("one",), post="/rows", slow="/slow", clients=12, interval=0.2) as load:
        for number in range(5):
            with load.flip(f"release {number + 1}"):
                stack.change()
                began = time.monotonic()
                done = stack.up()
                assert done.ok, done.error
            say(f"release {number + 1}: live {time.monotonic() - began:.1f} s after the command")
        good = stack.ask(address)[2]
        stack.project.edit("VERSION = ", "raise RuntimeError('broken here')\nVERSION = ")
        refused = stack.up()
        time.sleep(5)
    say("\n".join([*map(str, load.flips), f"in all: {load.sent} requests, {len(load.failures)} failed"]))
    assert load.failures == [], load.failures[:5]
    assert not refused.ok
    assert "broken here" in str(refused.error)
    assert stack.ask(address)[2] == good
    stack.project.edit("raise RuntimeError('broken here')\n", "")


def day_two(stack: Stack, address: str, say: Say) -> None:
    """By the command line as a user has it, through the agents alone."""
    began = time.monotonic()
    web, database = stack.told("status")["hosts"]
    assert web["live"]["release"] == database["live"]["release"] == stack.ask(address)[2]
    assert {one["name"] for one in web["processes"] if one["state"] == "running"} >= {f"{web['live']['colour']}-worker"}
    lines = stack.slipway("logs", "-n", "200").stdout
    assert "one more round" in lines
    assert "POST /rows" in lines or "GET /" in lines
    assert stack.slipway("exec", "--", "python", "-c", "import os; print(os.getcwd())").stdout.endswith("/src\n")
    assert stack.project.run("exec", "--", "sh", "-c", "exit 7").returncode == 7
    say(f"status, logs and exec: {time.monotonic() - began:.1f} s")
    rolled_back(stack, address, say)
    there_and_back(stack, address, say)


def rolled_back(stack: Stack, address: str, say: Say) -> None:
    """To the release before, and none is the worse for it."""
    late = stack.ask(address)[2]
    with Load(80, (address,), bodies=("one",), post="/rows", slow="/slow", clients=12, interval=0.2) as load:
        time.sleep(2)
        with load.flip("rollback"):
            told = stack.told("rollback")
        time.sleep(5)
    say("\n".join(map(str, load.flips)))
    assert load.failures == [], load.failures[:5]
    assert set(load.releases) == {late, told["live"]}
    assert stack.ask(address)[2] == told["live"] != late


def there_and_back(stack: Stack, address: str, say: Say) -> None:
    """A backup, the table dropped, the backup loaded: equal rows."""
    began = time.monotonic()
    before = sums(stack)
    assert int(before.split()[0]) > 100
    made = stack.told("backup", "--reason", "before the fall")["backup"]
    stack.hosts.of("database").run(["systemctl", "start", "slipway-backup.service"])  # as the timer does
    assert {one["reason"] for one in stack.told("backups")["backups"]} == {"before the fall", "nightly"}
    assert sum(name.endswith("/backup.json") for name in stack.account.stored("backups/")) == 2
    assert made["rows"]["rows"] == int(before.split()[0])
    owner = stack.passwords(stack.ask(address)[2])["owner"]
    stack.hosts.of("database").shell(f"export PGPASSWORD={owner} {_DROP}")
    assert stack.ask(address, "/rows")[0] == 500
    assert stack.told("restore", made["id"], "--yes")["ok"]
    assert sums(stack) == before
    assert stack.ask(address, "/rows")[:2] == (200, before.split()[0])
    say(f"backup, drop and restore of {before.split()[0]} rows: {time.monotonic() - began:.1f} s")


def sums(stack: Stack) -> str:
    """Number and checksum of the rows."""
    return stack.slipway("exec", "--", "python", "sums.py").stdout.strip()


def another_image(stack: Stack, address: str, say: Say, type: str) -> None:
    """That of the other architecture: another server, and the address is asked throughout; it moves once the new one serves."""
    old = stack.hosts.of("web")
    write(stack, instanceType=type)
    with Asking(stack, address) as asking:
        began = time.monotonic()
        done = stack.up()
        assert done.ok, done.error
        say(f"another server in the place of the old one: {time.monotonic() - began:.1f} s; {asking}")
    new = stack.hosts.of("web")
    assert new is not old
    assert done.outputs["addresses"] == [address]
    assert stack.ask(address)[2] == stack.serving(new) == done.outputs["release"]
    assert len(asking.wrong) <= 1, asking.wrong  # what is under way as it moves is cut off


class Asking(threading.Thread):
    """The site, by a new connection each time, one after the other. `wrong`: what else came than a good answer."""

    def __init__(self, stack: Stack, address: str) -> None:
        super().__init__(daemon=True)
        self.stack, self.address = stack, address
        self.asked, self.wrong = 0, list[str]()
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.wait(0.1):
            self.asked += 1
            try:
                answer = self.stack.ask(self.address)[:2]
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
            else:
                self.wrong += [] if answer == (200, "one") else [str(answer)]

    def __enter__(self) -> "Asking":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join(30)

    def __str__(self) -> str:
        return f"{self.asked} asked meanwhile, {len(self.wrong)} failed"


def statement(stack: Stack, text: str) -> str:
    """What it gives the app's own role."""
    return stack.slipway("exec", "--", "python", "-c", STATEMENT.replace("STATEMENT", text)).stdout.strip()


def joined(stack: Stack, address: str, say: Say) -> None:
    """Two more from the same boot data: they serve what is live by themselves, then take part."""
    old = stack.ask(address)[2]
    with Load(80, (address,), bodies=("one",), post="/take", slow="/slow", clients=12, interval=0.2) as load:
        new = stack.account.grow(2)
        for host in new:
            host.wait_for(lambda one=host: stack.serving(one), old.__eq__, 180)  # type: ignore[misc]
        say(f"two more hosts serve {time.monotonic() - new[0].started:.1f} s after their start")
        with load.flip("a release on all four"):
            stack.change()
            done = stack.up()
    say("\n".join([*map(str, load.flips), f"in all: {load.sent} requests, {len(load.failures)} failed"]))
    assert done.ok, done.error
    assert load.failures == [], load.failures[:5]
    assert {stack.serving(host) for host in stack.hosts.running.values()} == {done.outputs["release"]}


def dead_in_a_rollout(stack: Stack, address: str, say: Say) -> None:
    """One of four loses power while it prepares: nothing changes but that; the next rollout goes on without it."""
    old, dying = stack.ask(address)[2], [*stack.hosts.running.values()][-1]
    stack.change()
    with ThreadPoolExecutor(1) as pool:
        rolled = pool.submit(stack.up)
        dying.wait_for(lambda: pids(dying, "host.pyz.*prepare"), bool, 60)
        dying.kill()
        said = str(rolled.result(300).error)
    assert "no sign since" in said, said
    assert stack.ask(address)[2] == old
    began = time.monotonic()
    done = stack.up()
    assert done.ok, done.error
    say(f"without the dead one: live {time.monotonic() - began:.1f} s after the command")
    assert stack.ask(address)[2] == done.outputs["release"] != old
