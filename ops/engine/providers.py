"""Providers: dynamic ones, called with the shapes that the SDK's own provider host gives them; and
Docker's resources made by docker's own client, as Docker's provider would: of the types that the
target `docker` plans, with the inputs that it gives. Anything else is refused."""

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

import dill
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ResourceProvider

from components.docker.engine import Engine
from components.errors import SlipwayError
from components.providers import DynamicProvider

Plain = dict[str, Any]
KEY = "__provider"
_TYPE = "pulumi-python:dynamic"
ENGINE = "__engine"
"""The input with the address of the engine, from the resource's provider."""
_GRACE = "40"  # seconds
_LABEL = "--label={0[label]}={0[value]}"
Inputs = Mapping[str, str]


def is_dynamic(type_: str) -> bool:
    """True for resources whose provider travels with them."""
    return type_.startswith(_TYPE)


def is_made_here(type_: str) -> bool:
    """True for resources that need no Pulumi CLI."""
    return is_dynamic(type_) or type_ in KINDS


def load(type_: str, properties: Mapping[str, Any]) -> ResourceProvider:
    """The provider that the properties name; by reference, so that it is today's code."""
    if type_ in KINDS:
        return KINDS[type_]()
    provider = dill.loads(base64.b64decode(properties[KEY]))
    assert isinstance(provider, ResourceProvider)
    return provider


def words(properties: Mapping[str, Any]) -> str:
    """What a resource with these inputs is; nothing where its provider doesn't say it."""
    provider = load(_TYPE, properties) if KEY in properties else None
    return provider.words(dict(properties)) if isinstance(provider, DynamicProvider) else ""


def check(provider: ResourceProvider, old: Plain, new: Plain) -> tuple[Plain, list[str]]:
    """The inputs to use, and a line for each failure."""
    result = provider.check(dict(old), dict(new))
    return {**result.inputs, **key_of(new)}, [": ".join(filter(None, (one.property, one.reason))) for one in result.failures]


def key_of(properties: Mapping[str, Any]) -> Plain:
    """What names the provider of a resource, where something does."""
    return {KEY: properties[KEY]} if KEY in properties else {}


def diff(provider: ResourceProvider, id_: str, old_inputs: Plain, old_outputs: Plain, new: Plain) -> DiffResult:
    """`changes` is always decided: by the provider, or else by comparing inputs."""
    result = provider.diff(id_, dict(old_outputs), dict(new))
    if result.changes is None:
        result.changes = {**old_inputs, KEY: ""} != {**new, KEY: ""}
    result.changes = bool(result.changes or result.replaces)
    return result


def _options(form: str, value: Any) -> list[str]:
    """An input as options of the client: one for each of a list, or of what a mapping holds by its
    key; `form` says what of that stands in it. One that is on or off has nothing in it."""
    if isinstance(value, bool):
        return [form] * value
    if isinstance(value, Mapping):
        return [form.format(key, one) for key, some in value.items() for one in (some if isinstance(some, list) else [some])]
    return [form.format(one) for one in (value if isinstance(value, list) else [value])]


class _Kind(ResourceProvider):
    """`INPUTS`: those it takes, with the option of docker's client where it is one."""

    KIND: ClassVar[str]
    INPUTS: ClassVar[Inputs] = {"labels": _LABEL}
    NAME: ClassVar[str] = "name"

    def check(self, _olds: Plain, news: Plain) -> CheckResult:
        unknown = sorted(name for name in news if name not in self.INPUTS and name not in (self.NAME, ENGINE))
        failures = [CheckFailure(name, "this engine doesn't know that input; use `pulumi up`") for name in unknown]
        if _olds and _olds.get(ENGINE) != news.get(ENGINE):
            failures.append(
                CheckFailure("host", "wanted the engine of the first `up`; back up, destroy there, then launch and restore here")
            )
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: Plain, _news: Plain) -> DiffResult:
        changed = [name for name in (*self.INPUTS, self.NAME) if _olds.get(name) != _news.get(name)]
        is_there = self.is_there(_engine(_olds), str(_olds[self.NAME]))
        return DiffResult(
            changes=bool(changed) or not is_there, replaces=changed or ([] if is_there else [self.NAME]), delete_before_replace=True
        )

    def is_there(self, at: Engine, name: str) -> bool:
        return at.inspect(self.KIND, name) is not None

    def create(self, props: Plain) -> CreateResult:
        name = str(props[self.NAME])
        self.make(
            _engine(props),
            name,
            [word for key, form in self.INPUTS.items() if form and key in props for word in _options(form, props[key])],
            props,
        )
        return CreateResult(name, props)

    def make(self, at: Engine, name: str, words: list[str], _props: Plain) -> None:
        at.run(self.KIND, "create", *words, name)

    def delete(self, _id: str, _props: Plain) -> None:
        at = _engine(_props)
        if at.inspect(self.KIND, _id) is not None:
            at.run(self.KIND, "rm", _id)


class _Network(_Kind):
    """One of this stack's that a killed `up` left is taken as it is."""

    KIND = "network"

    def make(self, at: Engine, name: str, words: list[str], props: Plain) -> None:
        if ((at.inspect("network", name) or {}).get("Labels") or {}) != {one["label"]: one["value"] for one in props["labels"]}:
            super().make(at, name, words, props)


class _Volume(_Kind):
    """One of that name that is there is taken as it is: it may hold data."""

    KIND = "volume"


class _Image(_Kind):
    """Nothing is removed: containers and other stacks may use it."""

    KIND, NAME = "image", "imageName"
    INPUTS: ClassVar[Inputs] = {"build": "", "skipPush": "", "buildOnPreview": ""}

    def make(self, at: Engine, name: str, words: list[str], props: Plain) -> None:
        at.run("build", "--quiet", "--tag", name, "--file", props["build"]["dockerfile"], *words, props["build"]["context"])

    def delete(self, _id: str, _props: Plain) -> None:
        return


class _Container(_Kind):
    KIND = "container"
    INPUTS: ClassVar[Inputs] = {
        "image": "", "command": "", "mustRun": "", "labels": _LABEL,
        "user": "--user={}", "groupAdds": "--group-add={}", "networksAdvanced": "--network={0[name]}",
        "mounts": "--mount=type={0[type]},src={0[source]},dst={0[target]}", "ports": "--publish={0[ip]}:{0[external]}:{0[internal]}",
        "restart": "--restart={}", "readOnly": "--read-only", "tmpfs": "--tmpfs={}:{}", "capabilities": "--cap-drop={1}",
        "securityOpts": "--security-opt={}", "memory": "--memory={}m", "memorySwap": "--memory-swap={}m", "shmSize": "--shm-size={}m",
        "logDriver": "--log-driver={}", "logOpts": "--log-opt={}={}", "init": "--init",
        "stopTimeout": "--stop-timeout={}", "stopSignal": "--stop-signal={}",
    }  # fmt: skip

    def is_there(self, at: Engine, name: str) -> bool:
        """One that was stopped is made anew."""
        found = at.inspect(self.KIND, name)
        return found is not None and found["State"]["Status"] in ("running", "restarting")

    def make(self, at: Engine, name: str, words: list[str], props: Plain) -> None:
        """Made and started; one that can't start is removed again."""
        self.delete(name, props)
        at.run("create", "--name", name, *words, str(props["image"]), *props.get("command", ()))
        try:
            at.run("start", name)
        except SlipwayError:
            at.tried("rm", "--force", name)
            raise

    def delete(self, _id: str, _props: Plain) -> None:
        at = _engine(_props)
        if at.inspect(self.KIND, _id) is not None:
            at.tried("stop", "--time", _GRACE, _id)
            at.run("rm", "--force", "--volumes", _id)


class _Provider(_Kind):
    """Says where the engine is, and makes nothing."""

    KIND = "provider"
    INPUTS: ClassVar[Inputs] = {"host": "", "context": ""}

    def diff(self, _id: str, _olds: Plain, _news: Plain) -> DiffResult:
        return DiffResult()

    def create(self, props: Plain) -> CreateResult:
        return CreateResult("docker", props)

    def delete(self, _id: str, _props: Plain) -> None:
        return


KINDS: Mapping[str, type[_Kind]] = {
    "docker:index/network:Network": _Network,
    "docker:index/volume:Volume": _Volume,
    "docker:index/image:Image": _Image,
    "docker:index/container:Container": _Container,
    "pulumi:providers:docker": _Provider,
}
"""For each type of resource that can be made what makes it."""


def _engine(props: Mapping[str, Any]) -> Engine:
    return Engine(**(props.get(ENGINE) or {}))
