"""What the target docker plans, to the last input, and what the engine in process makes of it without an engine at hand."""

import json
import sys
import time
from pathlib import Path

import documents
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
import cases

from cloud_init.host.base import files
from cloud_init.host.processes.managers import docker as manager
from components.docker.engine import Engine
from components.errors import SlipwayError
from components.hosts.transports.docker import DockerTransport
from components.settings import parse
from components.target import StackPlace
from components.targets import docker as target
from ops.engine import providers

STACK = cases.read(cases.ROOT / "stacks/docker.yaml")
LABELS = [
    {"label": "owner", "value": "slipway"}, {"label": "project", "value": "slipway"},
    {"label": "slipway.site", "value": "showcase-dev"}, {"label": "stack", "value": "dev"},
]  # fmt: skip


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize(
    ("engine", "programs"), [("sqlite", ["front"]), ("postgres", ["front", "postgres"]), ("mysql", ["front", "mysql"])]
)
def test_the_plan_to_the_last_input(answered, engine, programs):
    plan = STACK.with_({"slipway:database": {"engine": engine}}).recorded(answered).plan
    found = {}
    for one in plan.resources:
        if one.type.startswith("docker:"):
            found.setdefault(one.type.rpartition(":")[2], []).append(one)
    assert {kind: len(those) for kind, those in found.items()} == {"Network": 1, "Volume": 2, "Image": 1, "Container": len(programs)}
    assert [one.inputs for one in found["Network"]] == [{"name": "showcase-dev", "labels": LABELS}]
    assert sorted(one.inputs["name"] for one in found["Volume"]) == ["showcase-dev", "showcase-dev-data"]
    assert all(one.retain for one in found["Volume"])
    assert sorted(one.inputs["name"] for one in found["Container"]) == [f"showcase-dev-{name}" for name in programs]
    front = next(one for one in found["Container"] if one.inputs["name"].endswith("-front"))
    given = dict(front.inputs)
    assert given.pop("image").startswith("showcase-dev-host:")
    assert given == {
        "name": "showcase-dev-front",
        "command": ["/usr/local/bin/python3", "-I", "/slipway/opt/slipway/host.pyz", "--root", "/slipway", "launch", "front"],
        "user": "10003:10003",
        "groupAdds": ["10001"],
        "labels": sorted([*LABELS, {"label": "slipway.program", "value": "front"}], key=lambda one: one["label"]),
        "networksAdvanced": [{"name": "showcase-dev"}],
        "mounts": [
            {"type": "volume", "source": "showcase-dev", "target": "/slipway"},
            {"type": "volume", "source": "showcase-dev-data", "target": "/slipway/srv/slipway/showcase/data"},
        ],
        "ports": [{"internal": 8080, "external": 8080, "ip": "127.0.0.1"}],
        "restart": "always",
        "init": True,
        "readOnly": True,
        "tmpfs": {"/tmp": "mode=1777"},
        "capabilities": {"drops": ["ALL"]},
        "securityOpts": ["no-new-privileges:true"],
        "memory": 512,
        "memorySwap": 512,
        "logDriver": "json-file",
        "logOpts": {"max-size": "10m", "max-file": "3"},
        "stopSignal": "SIGQUIT",
        "stopTimeout": 40,
        "mustRun": True,
    }
    for one in found["Container"]:
        assert "envs" not in one.inputs
        assert one.delete_before_replace
        assert ("ports" in one.inputs) == (one is front)


def test_all_that_is_planned_is_known_and_nothing_else():
    for database in ("sqlite", "postgres"):
        for one in STACK.with_({"slipway:database": {"engine": database}}).recorded().plan.resources:
            if one.type in providers.KINDS:
                assert providers.KINDS[one.type]().check({}, dict(one.inputs)).failures == []
    found = providers.KINDS["docker:index/container:Container"]().check({}, {"name": "a", "image": "b", "privileged": True})
    assert [(one.property, one.reason) for one in found.failures] == [
        ("privileged", "this engine doesn't know that input; use `pulumi up`")
    ]
    assert "docker:index/service:Service" not in providers.KINDS


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n", "start it, or see"),
        ("permission denied while trying to connect to the Docker daemon socket at unix:///x\n", "usermod -aG docker"),
        ("docker: Error response from daemon: Bind for :80 failed: port is already allocated.\n\nRun 'docker run --help'\n", "docker.port"),
        ("write /var/lib/docker/x: no space left on device\nexit status 1\n", "docker image prune"),
        ("", "it said nothing"),
    ],
)  # fmt: skip
def test_words_of_an_engine_are_one_line_with_what_to_do(words, told):
    said = str(Engine(host="ssh://a@b").refused("run", words))
    assert told in said
    assert "\n" not in said
    assert said.startswith("docker: run at ssh://a@b: ")
    assert "Run 'docker" not in said


@pytest.mark.parametrize(
    ("name", "version", "told"),
    [
        ("Engine", "20.10.24+dfsg1", ""),
        ("Engine", "29.2.0", ""),
        ("Engine", "19.03.15", "wanted an engine of Docker's, 20.10 or newer, found Engine 19.03.15"),
        ("Podman Engine", "4.3.1", "found Podman Engine 4.3.1; set slipway:docker.host"),
    ],
)
def test_an_engine_that_cannot_be_used_is_told_before_anything(monkeypatch, name, version, told):
    said = json.dumps({"Version": version, "Components": [{"Name": name}]}).encode()
    monkeypatch.setattr(Engine, "run", lambda *words: said)
    problem = Engine().problem()
    assert told in problem
    assert bool(told) == bool(problem)


def test_another_engine_is_refused_and_a_network_that_is_there_taken(monkeypatch):
    labels = [{"label": "slipway.site", "value": "shop"}]
    old, new = ({"name": "shop", "labels": labels, providers.ENGINE: {"host": f"ssh://{name}"}} for name in ("a", "b"))
    network, ran = providers.KINDS["docker:index/network:Network"](), []
    monkeypatch.setattr(Engine, "run", lambda _, *words: ran.append(words))
    assert "destroy there" in network.check(old, new).failures[0].reason
    assert network.check(old, old).failures == network.check({}, new).failures == []
    for found, made in (({"slipway.site": "shop"}, 0), ({"slipway.site": "another"}, 1), (None, 1)):
        monkeypatch.setattr(Engine, "inspect", lambda *_, found=found: found and {"Labels": found})
        ran.clear()
        network.create(new)
        assert len(ran) == made


def test_two_engines_and_a_stack_in_capitals():
    both = STACK.with_({"slipway:docker.host": "ssh://a@b", "slipway:docker.context": "office"})
    with pytest.raises(SlipwayError, match=r"docker\.host: wanted an address or a context, found both"):
        both.recorded()
    public = STACK.with_({"slipway:docker.context": "office", "slipway:docker.public": True})
    with pytest.raises(SlipwayError, match=r"docker\.context: wanted an address that users reach"):
        public.recorded()
    place = StackPlace(cases.ROOT, "slipway", "Dev")
    facts, _ = target._facts(parse(dict(STACK.config), ["slipway:secretEnv"], "Dev"), target.Options(), place)
    assert facts["site"] == "showcase-Dev"
    assert facts["images"] == "showcase-dev"
    assert facts["image"].startswith("showcase-dev-host:")


def test_without_the_client_it_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SlipwayError, match="wanted the program docker, found none"):
        Engine().run("version")


def test_lines_of_a_container_whatever_is_in_them():
    texts = ["2026-11-30T15:30:50.1Z 10%\r20%", "2026-11-30T15:30:51.2Z GET /\x85\u2028\x0c"]
    data = b"".join(b"\1\0\0\0" + len(piece).to_bytes(4, "big") + piece for text in texts for piece in [text.encode() + b"\n"])
    assert manager._lines(data) == texts
    many = b"\1\0\0\0" + (180).to_bytes(4, "big") + b"x" * 179 + b"\n"
    began = time.process_time()
    assert len(manager._lines(many * 50_000)) == 50_000
    assert time.process_time() - began < 2  # of CPU; it was 26 s for 20,000


def test_an_app_that_boots_has_its_time_before_it_counts_as_unwell(monkeypatch, tmp_path):
    containers = {"site": "showcase-dev", "images": "showcase-dev", "memory": 512, "processes": 100}
    places = documents.places(tmp_path, {"run": str(tmp_path / "run"), "containers": containers})
    health = {"path": "/", "host": "x", "timeout": 90}
    files.write_json(places.release("r1") / "manifest.json", {**documents.MANIFEST, "id": "r1", "health": health})
    files.link(places.colour("blue").link, str(places.release("r1")))
    asked = []
    monkeypatch.setattr(manager.Manager, "_ask", lambda _, method, path, body=None, **more: asked.append(body))
    manager.Manager(places).start("blue")
    check = next(body for body in asked if body)["Healthcheck"]
    assert check["StartPeriod"] == 90 * 10**9
    assert check["Interval"] == 30 * 10**9  # each is a Python that starts


def test_an_engine_of_another_machine_is_asked_there_alone(monkeypatch):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    for host, public, hidden, address in (
        ("ssh://deploy@203.0.113.9", False, True, "127.0.0.1"),
        ("ssh://deploy@203.0.113.9", True, False, "203.0.113.9"),
        ("ssh://deploy@[2001:db8::1]:22", True, False, "[2001:db8::1]"),
        ("unix:///run/docker.sock", False, False, "127.0.0.1"),
    ):
        options = target.Options(host=host, public=public)
        facts, _ = target._facts(parse(dict(STACK.config), ["slipway:secretEnv"], "dev"), options, StackPlace(cases.ROOT, "slipway", "dev"))
        assert (DockerTransport(facts).is_hidden, facts["address"]) == (hidden, address)
