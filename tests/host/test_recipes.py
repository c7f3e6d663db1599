"""The published recipes as stack files: valid settings, and their front and server launched here under Supervisor."""

import os
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

from cloud_init.host_files import Server
from cloud_init.render import resolve_auto
from components.settings.reader import parse

sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
import faults
from load import Load

RECIPES = {path.stem: path for path in sorted((Path(__file__).parents[2] / "stacks/recipes").glob("*.yaml"))}
WANTED = {
    "r0": ("nginx", "gunicorn", "sync", 8, "supervisor", "mysql", "same-host"),
    "r1": ("nginx", "uwsgi", None, 5, "systemd", "postgres", "own-host"),
    "r2": ("nginx", "gunicorn", "gevent", "auto", "supervisor", "none", "same-host"),
    "r3": ("nginx", "gunicorn", "gthread", 5, "supervisor", "none", "same-host"),
    "r4a": ("nginx", "uwsgi", None, 5, "systemd", "mysql", "same-host"),
    "r4b": ("apache", "gunicorn", "gthread", "auto", "systemd", "mysql", "same-host"),
}


def settings(name):
    return parse(yaml.safe_load(RECIPES[name].read_text())["config"], [], name)


def test_every_recipe_is_looked_at():
    assert set(RECIPES) == set(WANTED)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_it_does(name):
    found = settings(name)
    server, database = found.server, found.database
    told = (found.front, server.kind, server.worker_class, server.workers, found.manager, database.engine, database.placement)
    assert told == WANTED[name]


@pytest.mark.parametrize("name", RECIPES)
def test_its_front_and_server_run_here(make_bench, name):
    found = settings(name)
    chosen = found.server
    workers = chosen.workers if isinstance(chosen.workers, int) else None
    server = Server(resolve_auto(chosen.kind, chosen.worker_class), chosen.worker_class, workers, chosen.threads, chosen.timeout)
    bench = make_bench()
    assert bench.boot()["ok"]
    front = {"kind": found.front, "cors": found.http.cors}
    assert bench.roll(bench.publish(0, server, **front)).ok
    with Load(bench.port, bodies=("0", "1"), post="/take", slow="/slow", clients=6) as load:
        verdict = bench.roll(bench.publish(1, server, **front))
        assert verdict.ok, verdict.message
    assert load.failures == []
    request = urllib.request.Request(f"http://127.0.0.1:{bench.port}/", headers={"Origin": "https://a.example"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.read() == b"1"
        assert answer.headers["Access-Control-Allow-Origin"] == ("*" if "*" in found.http.cors else None)
    words = filter(None, (found.front, chosen.kind, chosen.worker_class))
    faults.record("pairs", f"recipe {name.upper()}: {' x '.join(words)}", "launched, redeployed once", load.sent, len(load.failures))
