"""The Pulumi CLI as an engine: what the SDK's automation API is called with, and what is made of what it tells."""

import base64
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dill
import pytest
from pulumi import automation
from pulumi.automation import CommandResult
from pulumi.automation.errors import create_command_error
from pulumi.automation.events import EngineEvent
from pulumi.runtime.rpc import UNKNOWN

from components import owner, providers
from components.errors import LockedError, MissingError, NoStackError, SlipwayError
from components.hosts import progress
from ops.automation import CliEngine, Command
from ops.engine import Event
from policy.plan import Resource

ROOT = "urn:pulumi:prod::slipway::pulumi:pulumi:Stack::slipway-prod"
TARGET = "urn:pulumi:prod::slipway::slipway:target:AwsEc2::shop"

HOST = "urn:pulumi:prod::slipway::a:b:C::host"
TRACEBACK = """Traceback (most recent call last):
  File "/venv/pulumi/dynamic/__main__.py", line 84, in wrapper
    return fn(self, request, context)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/home/me/own.py", line 7, in create
    raise
"""


def failed(stderr: str) -> Exception:
    return create_command_error(CommandResult(stdout="", stderr=stderr, code=255))


def resource(kind: str, op: str, name: str, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    """An event about a resource, as the CLI writes it: `kind` resourcePre, resOutputs or resOpFailed."""
    token = more.pop("type", "aws:ec2/instance:Instance")
    state = {"type": token, "urn": f"urn:pulumi:prod::slipway::{token}::{name}", "parent": TARGET, "custom": more.pop("custom", True)}
    planning = more.pop("planning", False)
    step = {"op": op, "urn": state["urn"], "type": token, **more}
    step |= {word: {**state, "inputs": inputs} for word, inputs in (("old", old), ("new", new)) if inputs is not None}
    return {f"{kind}Event": {"metadata": step, "planning": planning}}


def outputs(**values: Any) -> dict[str, Any]:
    state = {"type": "pulumi:pulumi:Stack", "urn": ROOT, "outputs": values}
    return {"resOutputsEvent": {"metadata": {"op": "same", "urn": ROOT, "type": "pulumi:pulumi:Stack", "new": state}}}


def told(message: str, severity: str = "error", urn: str = ROOT) -> dict[str, Any]:
    return {"diagnosticEvent": {"message": message, "severity": severity, "urn": urn}}


@dataclass
class Api:
    """A stand-in for the automation API: `calls` is what it was asked, `events` what it tells then, `missing` and `ends` what it raises."""

    folder: Path
    calls: list[Any] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    missing: Exception | None = None
    ends: Exception | None = None
    during: Callable[[dict[str, str]], None] = lambda env: None

    @property
    def engine(self) -> CliEngine:
        project: Any = SimpleNamespace(folder=self.folder)
        return CliEngine(project, "prod", self.heard.append)

    def workspace(self, work_dir: str, pulumi_command: Any) -> Any:
        return SimpleNamespace(work_dir=work_dir, env_vars={})

    def select(self, name: str, workspace: Any) -> Any:
        self.calls.append(("select", name, workspace.work_dir))
        if self.missing:
            raise self.missing
        verbs = {verb: self._verb(verb, workspace) for verb in ("preview", "up", "destroy")}
        exported = SimpleNamespace(deployment={"resources": self.resources})
        return SimpleNamespace(workspace=workspace, export_stack=lambda: exported, **verbs)

    def create(self, name: str, workspace: Any) -> None:
        self.calls.append(("create", name, workspace.work_dir))
        self.missing = None

    def _verb(self, verb: str, workspace: Any) -> Callable[..., None]:
        def work(on_event: Callable[[EngineEvent], None], **options: Any) -> None:
            self.calls.append((verb, options))
            self.during(workspace.env_vars)
            for event in self.events:
                on_event(EngineEvent.from_json(json.loads(json.dumps(event))))
            if self.ends:
                raise self.ends

        return work


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Api:
    made = Api(tmp_path)
    monkeypatch.setattr(automation, "Stack", made)
    monkeypatch.setattr(automation, "LocalWorkspace", made.workspace)
    monkeypatch.setattr("ops.automation.Command", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name: "/bin/pulumi")
    return made


@pytest.mark.parametrize(("verb", "options"), [("preview", {}), ("up", {}), ("destroy", {"exclude_protected": True})])
def test_the_api_is_asked_for_just_that_in_the_projects_folder(cli, tmp_path, verb, options):
    assert getattr(cli.engine, verb)().ok
    assert cli.calls == [("select", "prod", str(tmp_path)), (verb, options)]


def test_a_plan_is_what_the_cli_is_about_to_do(cli):
    host = {"facts": '{"app": "shop", "root": "/srv", "python": "/bin/python3"}', "__provider": provider("Host")}
    cli.events = [
        resource("resourcePre", "create", "shop", custom=False, new={}, type="slipway:target:AwsEc2", planning=True),
        resource("resourcePre", "create", "default_7_51_1", new={}, type="pulumi:providers:aws", planning=True),
        resource("resourcePre", "create", "own", new={}, type="pulumi:providers:aws", planning=True),
        resource("resourcePre", "create", "host", new=host, type="pulumi-python:dynamic/slipway:Host", planning=True),
        resource(
            "resourcePre",
            "update",
            "web",
            {"size": 1, "key": "[secret]"},
            {"size": UNKNOWN, "key": "[secret]"},
            diffs=["key"],
            planning=True,
        ),
        resource("resourcePre", "create-replacement", "disk", {"zone": "a"}, {"zone": "b"}, planning=True),
        resource("resourcePre", "replace", "disk", {"zone": "a"}, {"zone": "b"}, planning=True),
        resource("resourcePre", "delete-replaced", "disk", {"zone": "a"}, planning=True),
        resource("resourcePre", "delete", "old", {"size": 1}, planning=True),
        resource("resourcePre", "same", "net", {"a": 1}, {"a": 1}, planning=True),
        resource("resOutputs", "same", "net", {"a": 1}, {"a": 1}, planning=True),
        outputs(url=UNKNOWN, token="[secret]"),
    ]
    result = cli.engine.preview()
    assert (result.ok, result.error, result.beyond) == (True, None, None)
    assert [(step.op, step.name) for step in result.steps] == [
        *(("create", "own"), ("create", "host"), ("update", "web"), ("replace", "disk"), ("delete", "old"), ("same", "net"))
    ]
    assert result.counts == {"create": 2, "update": 1, "replace": 1, "delete": 1, "same": 1}
    assert result.steps[1].words == "shop in /srv, run by /bin/python3"
    assert result.steps[2].changes == {"size": (1, "[unknown]"), "key": ("[secret]", "[secret]")}
    assert result.steps[3].changes == {"zone": ("a", "b")}
    assert result.steps[0].parent == TARGET
    assert result.outputs == {"url": UNKNOWN, "token": "[secret]"}
    assert {event.kind for event in cli.heard} == {"planned"}


def test_a_dynamic_resource_of_somebodys_own_is_in_the_plan_too(cli):
    """Its provider is secret unless it says otherwise, so what it is can't be told."""
    new = {"__provider": "[secret]"}
    cli.events = [resource("resourcePre", "create", "own", new=new, type="pulumi-python:dynamic:Resource", planning=True)]
    assert [(step.op, step.name, step.words) for step in cli.engine.preview().steps] == [("create", "own", "")]


def provider(name: str) -> str:
    return base64.b64encode(dill.dumps(getattr(providers, f"{name}Provider")())).decode()


def test_progress_is_that_of_the_other_engine(cli):
    cli.events = [
        told("old nginx\n", "warning"),
        resource("resourcePre", "create", "web", new={}),
        resource("resOutputs", "create", "web", new={}),
        resource("resourcePre", "same", "net", {}, {}),
        resource("resOutputs", "same", "net", {}, {}),
        outputs(url="http://a.example"),
    ]
    result = cli.engine.up()
    assert [(event.kind, event.severity or event.step.name) for event in cli.heard] == [
        *(("diagnostic", "warning"), ("started", "web"), ("done", "web"), ("started", "net"), ("done", "net"))
    ]
    assert cli.heard[0].text == "old nginx"
    assert (result.counts, result.outputs) == ({"create": 1, "same": 1}, {"url": "http://a.example"})


def test_what_hosts_do_in_a_process_of_the_clis_is_followed(cli):
    def elsewhere(env: Any) -> None:
        line = json.dumps({"host": "web-1", "step": "gate", "state": "done", "seconds": 1.5, "text": ""})
        with open(env[progress.FILE], "a") as file:
            file.write(line + "\n")

    cli.during = elsewhere
    steps: list[progress.HostStep] = []
    with progress.listen(steps.append):
        cli.engine.up()
    assert steps == [progress.HostStep("web-1", "gate", "done", 1.5)]


def test_a_report_reaches_who_follows_this_process(monkeypatch, tmp_path):
    steps: list[progress.HostStep] = []
    with progress.listen(steps.append), progress.followed() as path:
        monkeypatch.setenv(progress.FILE, path)
        progress.report("web-1", "gate", "failed", 2.0, "HTTP 500 ☃")
        monkeypatch.setenv(progress.FILE, str(tmp_path / "gone" / "file"))
        progress.report("web-1", "drain", "done")
    gate = progress.HostStep("web-1", "gate", "failed", 2.0, "HTTP 500 ☃")
    assert sorted(steps, key=lambda one: one.step) == [progress.HostStep("web-1", "drain", "done"), gate, gate]


@pytest.mark.parametrize(
    ("events", "error"),
    [
        (
            [told("release b was refused; release a still serves\nlocal, gate: HTTP 500\n")],
            "release b was refused; release a still serves\nlocal, gate: HTTP 500",
        ),
        ([{"policyEvent": {"policyName": "closed", "message": "port 22\n", "enforcementLevel": "mandatory"}}], "closed: port 22"),
        ([told(TRACEBACK + "components.errors.SlipwayError: no key\n  of a.example\n", urn=HOST)], "no key\n  of a.example"),
        ([told(TRACEBACK + "KeyError: 'size'\n", urn=HOST)], "host: KeyError: 'size' (/home/me/own.py:7); mend the program"),
        (
            [
                told(
                    "Program failed with an unhandled exception:\n"
                    + TRACEBACK
                    + "\nDuring handling:\n\n"
                    + TRACEBACK
                    + "ZeroDivisionError: division by zero"
                )
            ],
            "ZeroDivisionError: division by zero (/home/me/own.py:7); mend the program",
        ),
        ([told("no such image", urn=HOST)], "host: no such image"),
    ],
)
def test_a_failure_is_its_reason_and_not_the_clis_noise(cli, events, error):
    cli.events = [*events, told("an unhandled error occurred: program exited with non-zero exit code: 1"), told("update failed")]
    cli.ends = failed("error: an unhandled error occurred")
    result = cli.engine.up()
    assert (result.ok, result.error) == (False, error)


def test_a_resource_that_failed_is_told_as_failed(cli):
    cli.events = [
        resource("resourcePre", "create", "web", new={}),
        told("no such image", urn="urn:pulumi:prod::slipway::aws:ec2/instance:Instance::web"),
        resource("resOpFailed", "create", "web", new={}),
    ]
    cli.ends = failed("error: update failed")
    result = cli.engine.up()
    assert [(step.name, step.error) for step in result.steps] == [("web", "web: no such image")]
    assert [event.kind for event in cli.heard] == ["started", "failed"]
    assert result.counts == {}


@pytest.mark.parametrize(
    ("raised", "kind", "said"),
    [
        ("error: no stack named 'prod' found", NoStackError, "`./slipway -s prod up` makes it"),
        ("error: the stack is currently locked by 1 lock(s).", LockedError, "pulumi cancel --stack prod"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", MissingError, "run `pulumi login`"),
        ("error: no resource plugin 'aws'\nwarning: x", SlipwayError, "stack prod: pulumi: no resource plugin 'aws'"),
    ],
)
def test_what_stands_in_the_way_is_one_line(cli, raised, kind, said):
    for way in ("missing", "ends"):
        cli.missing = cli.ends = None
        setattr(cli, way, failed(raised))
        with pytest.raises(SlipwayError) as caught:
            cli.engine.up()
        assert type(caught.value) is kind
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a script on PATH as `pulumi`."""

    def put(script: str) -> None:
        made = tmp_path / "bin/pulumi"
        made.parent.mkdir()
        made.write_text(f"#!/bin/sh\n{script}")
        made.chmod(0o755)
        monkeypatch.setenv("PATH", f"{made.parent}:{os.environ['PATH']}")

    return put


def test_the_stack_that_a_person_has_selected_stays_so(tmp_path, program):
    program('echo "$@"')
    told = [Command().run(args, str(tmp_path), {}).stdout for args in (["stack", "select", "--stack", "b"], ["stack", "init", "b"])]
    assert told == ["--non-interactive stack --stack b\n", "--non-interactive stack init --no-select b\n"]


def test_a_cli_that_does_not_run_is_one_line(tmp_path, program):
    program("exit 126")
    project: Any = SimpleNamespace(folder=tmp_path)
    with pytest.raises(MissingError, match=r"bin/pulumi doesn't run .*126.*install it anew"):
        CliEngine(project, "prod").preview()


def test_ctrl_c_is_passed_on_once_and_the_cli_ends_by_itself(tmp_path, program):
    """Real processes: whose group a signal reaches is the system's business."""
    log = tmp_path / "log"
    program(
        f"[ $1 = version ] && exit\ntrap 'echo asked >>{log}; sleep 0.5; echo ended >>{log}; exit 1' INT\n"
        f"cut -d' ' -f1,5 /proc/$$/stat >{log}.made; mv {log}.made {log}\nwhile :; do sleep 0.05; done\n"
    )

    def press():
        while not log.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        Command().run(["up"], str(tmp_path), {})
    process, group, *said = log.read_text().split()
    assert said == ["asked", "ended"]
    assert process == group  # a terminal's own signal doesn't reach it a second time


@pytest.fixture
def marked(world, cli):
    """The tree is the CLI's, and so the commands drive it."""
    owner.adopt(world.folder / ".slipway", owner.of(owner.CLI, "slipway", "prod"))
    return cli


def test_the_mark_sends_a_stack_to_the_cli(world, marked, slipway):
    marked.events = [resource("resourcePre", "update", "web", {"a": 1}, {"a": 2}, planning=True)]
    assert slipway("-s", "prod", "up").exit_code == 2
    assert [one[0] for one in marked.calls] == ["select", "preview"]
    assert world.calls == []


def test_a_stack_of_another_organisation_is_asked_for_by_its_whole_name(world, marked, slipway):
    assert slipway("-s", "acme/slipway/prod", "preview").exit_code == 0
    assert [one[1] for one in marked.calls if one[0] == "select"] == ["acme/slipway/prod"]


def test_outputs_that_the_cli_keeps_are_not_told_from_an_older_state(world, marked, slipway):
    (world.folder / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    owner.adopt(world.folder / ".slipway/prod", owner.of(owner.CLI, "slipway", "prod"))
    done = slipway("-s", "prod", "stack", "output", "release")
    assert (done.exit_code, done.stdout, "`pulumi stack output --stack prod`" in done.stderr) == (2, "", True)


def test_up_makes_a_stack_that_is_not_there_after_a_yes_and_nobody_else_does(world, marked, slipway):
    marked.missing = failed("error: no stack named 'prod' found")
    for words in (["preview"], ["up"], ["destroy", "-y"]):
        done = slipway("-s", "prod", *words)
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert {one[0] for one in marked.calls} <= {"select"}
    marked.events = [outputs(url="http://a.example", release="r")]
    assert slipway("-s", "prod", "up", "-y").exit_code == 0
    assert [one[0] for one in marked.calls[-4:]] == ["select", "create", "select", "preview"]


def test_destroy_in_a_cloud_keeps_what_is_protected_and_lists_it(world, cli, slipway):
    urn = "urn:pulumi:prod::slipway::aws:s3/bucket:Bucket::store"
    world.foreign = [Resource(urn=urn, type="aws:s3/bucket:Bucket", name="store", kind="resource", protect=True)]
    cli.resources = [{"urn": urn, "type": "aws:s3/bucket:Bucket", "custom": True, "protect": False}]
    done = slipway("-s", "prod", "destroy", "-y")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "store is to be kept, and isn't protected as it was launched; run ./slipway -s prod up first" in done.stderr
    assert "destroy" not in [one[0] for one in cli.calls]
    cli.resources[0]["protect"] = True
    done = slipway("-s", "prod", "destroy", "-y")
    assert (done.exit_code, cli.calls[-1][0]) == (0, "destroy")
    assert "Stays: store  aws:s3/bucket:Bucket  -\nTo remove it too: set slipway:keepData: false in Pulumi.prod.yaml" in done.stdout
    assert slipway("-s", "prod", "destroy", "-y", "--with-data", "shop").exit_code == 2


def test_a_stack_of_hosts_is_not_destroyed_around_what_is_protected(world, marked, slipway):
    """What is protected would go on without the rest, and the data be taken from under it."""
    marked.resources = [{"urn": "urn:pulumi:prod::slipway::a:b:Host::shop-host", "protect": True}, {"urn": "urn:pulumi:prod::a::c::d"}]
    for words in (["destroy", "-y"], ["destroy", "-y", "--with-data", "shop"]):
        done = slipway("-s", "prod", *words)
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
        assert "found shop-host; to let it go: pulumi state unprotect --all --stack prod, then ./slipway -s prod destroy" in done.stderr
    assert ("destroy" in [one[0] for one in marked.calls], world.hosts[0].asked) == (False, [])
