"""Docker engines, as the types and inputs of Docker's provider say it."""

from collections.abc import Iterator

from policy.facts import Facts, Opening, UserData
from policy.plan import Plan, Resource, flag, items, mapping, number

_CONTAINER = "docker:index/container:Container"
_EVERYWHERE = ("", "0.0.0.0", "::")
_SOCKETS = ("/", "/run", "/run/", "/var/run", "/var/run/")  # what has the engine's in it
_RIGHTS = {"NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"}


def facts(plan: Plan) -> Facts:
    """What the plan's containers mean. The settings may say that everybody is to reach them."""
    containers = list(plan.of(_CONTAINER))
    said = plan.settings.get("slipway:docker.public", mapping(plan.settings.get("slipway:docker")).get("public"))
    return Facts(
        openings=() if said is True else tuple(one for at in containers for one in _openings(at)),
        user_data=tuple(UserData(at, "envs", at.inputs["envs"]) for at in containers if "envs" in at.inputs),
        freedoms=tuple((at, words) for at in containers for words in _freedoms(at)),
    )


def _openings(at: Resource) -> Iterator[Opening]:
    """A published port passes a firewall of the machine."""
    for entry in map(mapping, items(at.inputs.get("ports"))):
        if entry.get("ip", "") in _EVERYWHERE:
            port = number(entry.get("external"))
            yield Opening(at, "", None if port is None else range(port, port + 1), ("0.0.0.0/0",))


def _freedoms(at: Resource) -> Iterator[str]:
    if flag(at.inputs.get("privileged")):
        yield "privileged"
    for input in ("networkMode", "pidMode", "ipcMode", "usernsMode"):
        if at.inputs.get(input) == "host":
            yield f"{input} host"
    added = items(mapping(at.inputs.get("capabilities")).get("adds"))
    if rights := [str(one) for one in added if one not in _RIGHTS]:
        yield f"capabilities {', '.join(sorted(rights))}"
    places = [str(mapping(one).get(name, "")) for one in items(at.inputs.get("mounts")) for name in ("source", "target")]
    places += [str(mapping(one).get("hostPath", "")) for one in items(at.inputs.get("volumes"))]
    if any(place.endswith("docker.sock") or place in _SOCKETS for place in places):
        yield "the engine's socket"
