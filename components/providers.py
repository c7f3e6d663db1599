"""Every dynamic resource provider.

This module's path and its class names are written into every state file: a rename breaks the destroy of older stacks. The
classes have no state, so that they pickle by reference and an old state's delete runs today's code.
"""

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ResourceProvider, UpdateResult
from pulumi.runtime.rpc import UNKNOWN

Props = dict[str, Any]


class DynamicProvider(ResourceProvider):
    """What they share. `REPLACES`: inputs whose change replaces the resource; policy/resource_types/pulumi-python.json is made from it."""

    REPLACES: ClassVar[tuple[str, ...]] = ()
    serialize_as_secret_always = False


class RandomSecretProvider(DynamicProvider):
    """Made once; never changes."""

    def create(self, props: Props) -> CreateResult:
        return CreateResult("secret", {"value": secrets.token_hex(32)})

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return DiffResult(changes=False)


class HostProvider(DynamicProvider):
    """Installs the host tool and brings the host's processes up."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        from components import owner

        facts = json.loads(news["facts"])
        refusal = owner.refusal(Path(facts["root"]), owner.Owner(**news["owner"]))
        if refusal:
            return CheckResult(news, [CheckFailure("owner", refusal)])
        return CheckResult({**news, "drift": _host_drift(facts) if _olds else ""}, [])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        return DiffResult(changes=bool(_news.get("drift")) or any(_olds.get(key) != _news[key] for key in ("facts", "tool", "owner")))

    def create(self, props: Props) -> CreateResult:
        return CreateResult(json.loads(props["facts"])["host"], self._bring_up(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(self._bring_up(_news))

    def delete(self, _id: str, _props: Props) -> None:
        from components import transport

        transport.connect(json.loads(_props["facts"])).remove(keep_data=True)

    def _bring_up(self, props: Props) -> Props:
        from cloud_init import bundle
        from components import coordinator, owner, transport
        from components.errors import SlipwayError

        facts = json.loads(props["facts"])
        host = transport.connect(facts)
        host.install(bundle.tool(), facts)
        owner.adopt(Path(facts["root"]), owner.Owner(**props["owner"]))
        outcome = host.run(["boot"], lambda event: coordinator.tell(host.host, event))
        if not outcome["ok"]:
            raise SlipwayError("\n".join([f"{host.host}, {outcome['step']}: {outcome['message']}", *(outcome.get("log") or [])]))
        return {key: props[key] for key in ("facts", "tool", "owner")}


class RolloutProvider(DynamicProvider):
    """Publishes a release and rolls it out; its outputs are the verdict."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        return CheckResult({**news, "drift": _release_drift(_olds, news)}, [])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        changed = any(_olds.get(key) != _news[key] for key in ("release", "url", "store"))
        return DiffResult(changes=changed or bool(_news["drift"]) or not _olds.get("ok"))

    def create(self, props: Props) -> CreateResult:
        return CreateResult("rollout", self._roll(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(self._roll(_news))

    def _roll(self, props: Props) -> Props:
        from components import coordinator, publishing, transport
        from components.store import FolderStore
        from components.target import DayTwo

        store = FolderStore(Path(props["store"]))
        hosts = [transport.connect(facts) for facts in json.loads(props["hosts"])]
        day = DayTwo(store, hosts, props["url"])
        verdict = coordinator.roll(day, props["release"], publish=lambda: publishing.publish(store, props))
        return {
            **{key: props[key] for key in ("release", "url", "store")},
            "ok": verdict.ok,
            "message": verdict.message,
            "live": verdict.live or "",
        }


def _host_drift(facts: Mapping[str, Any]) -> str:
    """One sentence about what doesn't run that should."""
    from components import transport
    from components.errors import SlipwayError

    try:
        status = transport.connect(facts).run(["status"])
    except SlipwayError as error:
        return str(error)
    if not status.get("ok"):
        return str(status.get("message"))
    if not status["supervisor"]["running"]:
        return "nothing runs: supervisord is gone (a reboot, or it was ended)"
    restore = status.get("restore")
    if restore and not restore["running"]:
        return f"the restore of backup {restore['backup']} was interrupted: it is finished, or undone"
    live = status["live"]
    needed = (live["colour"], "front") if live else ()
    down = [one["name"] for one in status["processes"] if one["name"] in needed and one["state"] not in ("running", "starting")]
    return f"not running: {', '.join(down)}" if down else ""


def _release_drift(olds: Props, news: Props) -> str:
    """One sentence when something else than the last rollout is live; empty for an ordinary new release."""
    from components import coordinator
    from components.store import FolderStore

    if not olds or UNKNOWN in (news["store"], news["release"]):
        return ""
    now = coordinator.desired(FolderStore(Path(news["store"])))
    if now.live == news["release"] or (now.live is not None and now.live == olds.get("release")):
        return ""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now.value.get("at", 0)))
    how = f" (rolled back by {now.value['actor']}, {at})" if now.value.get("by") == "rollback" else ""
    return f"live is {now.live or 'nothing'}{how}, wanted {news['release']}"
