"""Every recipe's stack file, launched on a bare server of one's own, with what the recipe has there and a single machine hasn't."""

import http.client
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from real_hosts.machine import Machine
from real_hosts.outside import listening, open_ports
from real_hosts.servers import DRIVERS, FRONTS, Servers, pids

RECIPES = {path.stem: path for path in sorted((Path(__file__).parents[2] / "stacks/recipes").glob("*.yaml"))}
# A line that the target `local` has no use for: a comment in the file.
_OF_A_HOST = re.compile(r"^  # (slipway:.+)$", re.M)
_DATABASES = {"postgres": "/postgres ", "mysql": "mariadbd"}
_USER = {"name": "Ada", "email": "ada@example.com"}


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipe(servers: Callable[..., Servers], recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings(RECIPES[recipe].read_text(encoding="utf-8"))
    database = config["database"]
    began = time.monotonic()
    site = servers("web-1", database="db-1" if database.get("placement") == "own-host" else None)
    booted = time.monotonic()
    site.take_example(DRIVERS.get(database["engine"], ""))
    site.write_stack(**{**config, "target": "ssh"})
    site.up(600)
    with capsys.disabled():
        print(f"\n  {recipe}: bare to serving {time.monotonic() - booted:.1f} s, boot {booted - began:.1f} s", end="")
    [web] = site.web
    served_by_its_own(site, web, config)
    written_and_read(site, site.database or web, config)
    of_the_recipe(site, config)
    for host, ports in ((web, [22, 80]), (site.database, [22])):
        if host:
            assert open_ports(host.address, site.network.gateway, listening(host)) == ports
            assert host.shell("systemctl list-units --failed --plain --no-legend") == ""


def settings(text: str) -> dict[str, Any]:
    """Of a stack file, as somebody has them who takes it to a server."""
    found = {**yaml.safe_load(text)["config"], **(yaml.safe_load("\n".join(_OF_A_HOST.findall(text))) or {})}
    return {name.removeprefix("slipway:"): value for name, value in found.items()}


def served_by_its_own(site: Servers, host: Machine, config: dict[str, Any]) -> None:
    """Front server, application server with its workers, manager: those that the recipe names, and no others."""
    front, manager, server = config.get("front", "nginx"), config.get("manager", "supervisor"), config["server"]
    status, _, headers = ask(site, "/healthz")
    assert (status, headers["Server"].lower()) == (200, front)
    assert {kind for kind, pattern in FRONTS.items() if pids(host, pattern)} == {front}
    assert bool(pids(host, "/supervisord ")) is (manager == "supervisor")
    [told] = [one for one in site.status()["hosts"] if one["host"] == host.name]
    assert (told["front"]["kind"], told["manager"]["kind"]) == (front, manager)
    colour = told["live"]["colour"]
    [main] = [one["pid"] for one in told["processes"] if one["name"] == colour]
    unit = "slipway-shop-supervisor.service" if manager == "supervisor" else f"slipway-shop@{colour}.service"
    assert unit in host.shell(f"cat /proc/{main}/cgroup")
    workers = host.shell(f"pgrep --uid slipway-app --parent {main}").split()
    assert len(workers) == server.get("workers", max(2, int(host.shell("nproc"))))
    [script] = set(host.shell(f"ps -ww -o args= -p {','.join(workers)} | cut -d' ' -f2").split())
    assert host.shell(f"head -1 {script}").lower().startswith(f'"""{server["kind"]} ')
    loaded = host.shell(f"cat /proc/{workers[0]}/maps")
    assert {kind for kind in ("pyuwsgi", "gevent") if kind in loaded} == {server.get("workerClass", f"py{server['kind']}")} & {
        "pyuwsgi",
        "gevent",
    }


def written_and_read(site: Servers, host: Machine, config: dict[str, Any]) -> None:
    """By the app, in the engine that the recipe has, which runs where the recipe has it."""
    assert site.ask("/api/users", data=_USER)[0] == 201
    assert _USER["email"] in site.ask("/api/users")[1]
    engine = config["database"]["engine"]
    assert {kind for kind, pattern in _DATABASES.items() if pids(host, pattern)} == {engine} & set(_DATABASES)


def of_the_recipe(site: Servers, config: dict[str, Any]) -> None:
    """Other origins, static files, variables."""
    cors = config.get("http", {}).get("cors", [None])
    assert ask(site, "/healthz")[2]["Access-Control-Allow-Origin"] == cors[0]
    for prefix in config["app"].get("static", {}):
        status, _, headers = ask(site, f"{prefix}/style.css")
        assert (status, headers["X-Release-Id"]) == (200, None)  # the front server's own answer
    assert site.environment_of(site.web[0]).items() >= config["app"].get("env", {}).items()


def ask(site: Servers, path: str) -> tuple[int, str, http.client.HTTPMessage]:
    """As a page of another origin does."""
    connection = http.client.HTTPConnection(site.web[0].address, timeout=35)
    connection.request("GET", path, headers={"Origin": "https://other.example"})
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, body, answer.headers
