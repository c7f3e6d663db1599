"""Docker's resources made by docker's own client, as the provider would: of the types that the
target `docker` plans, with the inputs that it gives. Anything else is refused."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ResourceProvider

from components.docker.engine import Engine, arguments
from components.errors import SlipwayError

ENGINE = "__engine"
"""The input with the address of the engine, from the resource's provider."""
_GRACE = "40"  # seconds
Props = dict[str, Any]
Inputs = Mapping[str, Callable[[Any], list[str]]]


def _labels(value: Any) -> list[str]:
    return arguments({"label": [f"{one['label']}={one['value']}" for one in value]})


def _option(name: str, unit: str = "") -> Callable[[Any], list[str]]:
    """Words for one value, or for each of several."""
    return lambda value: arguments({name: value if isinstance(value, list) else f"{value}{unit}"})


def _pairs(option: str, between: str) -> Callable[[Any], list[str]]:
    return lambda value: arguments({option: [f"{key}{between}{one}" for key, one in value.items()]})


def _flag(option: str) -> Callable[[Any], list[str]]:
    return lambda value: [f"--{option}"] if value else []


class _Kind(ResourceProvider):
    """`INPUTS`: those it takes, with the words for docker's client."""

    KIND: ClassVar[str]
    INPUTS: ClassVar[Inputs] = {"labels": _labels}
    NAME: ClassVar[str] = "name"

    def check(self, _olds: Props, news: Props) -> CheckResult:
        unknown = sorted(name for name in news if name not in self.INPUTS and name not in (self.NAME, ENGINE))
        failures = [CheckFailure(name, "this engine doesn't know that input; use `pulumi up`") for name in unknown]
        if _olds and _olds.get(ENGINE) != news.get(ENGINE):
            failures.append(
                CheckFailure("host", "wanted the engine of the first `up`; back up, destroy there, then launch and restore here")
            )
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        changed = [name for name in (*self.INPUTS, self.NAME) if _olds.get(name) != _news.get(name)]
        is_there = self.is_there(_engine(_olds), str(_olds[self.NAME]))
        return DiffResult(
            changes=bool(changed) or not is_there, replaces=changed or ([] if is_there else [self.NAME]), delete_before_replace=True
        )

    def is_there(self, at: Engine, name: str) -> bool:
        return at.inspect(self.KIND, name) is not None

    def create(self, props: Props) -> CreateResult:
        name = str(props[self.NAME])
        self.make(_engine(props), name, [word for key, words in self.INPUTS.items() if key in props for word in words(props[key])], props)
        return CreateResult(name, props)

    def make(self, at: Engine, name: str, words: list[str], _props: Props) -> None:
        at.run(self.KIND, "create", *words, name)

    def delete(self, _id: str, _props: Props) -> None:
        at = _engine(_props)
        if at.inspect(self.KIND, _id) is not None:
            at.run(self.KIND, "rm", _id)


class _Network(_Kind):
    """One of this stack's that a killed `up` left is taken as it is."""

    KIND = "network"

    def make(self, at: Engine, name: str, words: list[str], props: Props) -> None:
        if ((at.inspect("network", name) or {}).get("Labels") or {}) != {one["label"]: one["value"] for one in props["labels"]}:
            super().make(at, name, words, props)


class _Volume(_Kind):
    """One of that name that is there is taken as it is: it may hold data."""

    KIND = "volume"


class _Image(_Kind):
    """Nothing is removed: containers and other stacks may use it."""

    KIND, NAME = "image", "imageName"
    INPUTS: ClassVar[Inputs] = {
        "build": lambda value: ["--file", value["dockerfile"]],
        "skipPush": lambda value: [],
        "buildOnPreview": lambda value: [],
    }

    def make(self, at: Engine, name: str, words: list[str], props: Props) -> None:
        at.run("build", "--quiet", "--tag", name, *words, props["build"]["context"])

    def delete(self, _id: str, _props: Props) -> None:
        return


class _Container(_Kind):
    KIND = "container"
    INPUTS: ClassVar[Inputs] = {
        "image": lambda value: [], "command": lambda value: [], "mustRun": lambda value: [],
        "user": _option("user"), "groupAdds": _option("group-add"), "labels": _labels,
        "networksAdvanced": lambda value: arguments({"network": [one["name"] for one in value]}),
        "mounts": lambda value: arguments({"mount": [f"type={one['type']},src={one['source']},dst={one['target']}" for one in value]}),
        "ports": lambda value: arguments({"publish": [f"{one['ip']}:{one['external']}:{one['internal']}" for one in value]}),
        "restart": _option("restart"), "readOnly": _flag("read-only"), "tmpfs": _pairs("tmpfs", ":"),
        "capabilities": lambda value: arguments({"cap-drop": value["drops"]}), "securityOpts": _option("security-opt"),
        "memory": _option("memory", "m"), "memorySwap": _option("memory-swap", "m"), "shmSize": _option("shm-size", "m"),
        "logDriver": _option("log-driver"), "logOpts": _pairs("log-opt", "="), "stopTimeout": _option("stop-timeout"),
        "init": _flag("init"), "stopSignal": _option("stop-signal"),
    }  # fmt: skip

    def is_there(self, at: Engine, name: str) -> bool:
        """One that was stopped is made anew."""
        found = at.inspect(self.KIND, name)
        return found is not None and found["State"]["Status"] in ("running", "restarting")

    def make(self, at: Engine, name: str, words: list[str], props: Props) -> None:
        """Made and started; one that can't start is removed again."""
        self.delete(name, props)
        at.run("create", "--name", name, *words, str(props["image"]), *props.get("command", ()))
        try:
            at.run("start", name)
        except SlipwayError:
            at.tried("rm", "--force", name)
            raise

    def delete(self, _id: str, _props: Props) -> None:
        at = _engine(_props)
        if at.inspect(self.KIND, _id) is not None:
            at.tried("stop", "--time", _GRACE, _id)
            at.run("rm", "--force", "--volumes", _id)


class _Provider(_Kind):
    """Says where the engine is, and makes nothing."""

    KIND = "provider"
    INPUTS: ClassVar[Inputs] = {"host": lambda value: [], "context": lambda value: []}

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return DiffResult()

    def create(self, props: Props) -> CreateResult:
        return CreateResult("docker", props)

    def delete(self, _id: str, _props: Props) -> None:
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
