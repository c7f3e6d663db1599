"""Every dynamic resource provider.

This module's path and its class names are in every state file: a rename breaks the destroy of older
stacks. Classes without a state pickle by reference, so an old state's delete runs today's code."""

import json
import secrets
import sys
import time
import traceback
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult
from pulumi.runtime.rpc import UNKNOWN

from cloud_init.host import contracts
from cloud_init.host.base.files import object_in
from cloud_init.host.contracts.manifest import NOT_THE_APPS
from components import owner
from components.deployment.answers import Verdict
from components.errors import NotLaunchedError, SlipwayError
from components.hosts import progress, transport
from components.hosts.site import Site
from components.release import store

Props = dict[str, Any]


def _words() -> str:
    """The error at hand: ours by its words, any other by its traceback."""
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, SlipwayError) else traceback.format_exc()


if getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", "") == "pulumi.dynamic.__main__":
    # The SDK's process for providers, which the CLI starts, tells of each error by its traceback.
    sys.modules["__main__"].traceback = SimpleNamespace(format_exc=_words)  # type: ignore[attr-defined]


class DynamicProvider(ResourceProvider):
    """What all providers share: each says what its inputs make, and when that is made anew.
    `REPLACES`, `UPDATES`: inputs whose change replaces the resource, or makes it anew in its place;
    policy/resource_types/pulumi-python.json holds the former. `ID`: of all resources of this kind.
    `WORDS`: what a new one is, for who reads the plan; names in braces are inputs."""

    REPLACES: ClassVar[tuple[str, ...]] = ()
    UPDATES: ClassVar[tuple[str, ...]] = ()
    ID: ClassVar[str] = ""
    WORDS: ClassVar[str] = ""
    serialize_as_secret_always = False

    def words(self, props: Props) -> str:
        """`WORDS` with these inputs; what isn't known yet, or isn't to be shown, is left open."""
        known = {name: value for name, value in props.items() if value != UNKNOWN}
        return self.WORDS.format_map(defaultdict(lambda: "…", known))

    def made(self, props: Props, olds: Props) -> Props:
        """Makes what the inputs say, gives the outputs; `olds` are those so far, if it is there."""
        raise NotImplementedError

    def drift(self, _olds: Props, _news: Props) -> str:
        """One sentence about what is there and isn't as it was made; empty: all is. Raises
        `SlipwayError` with why it can't be told."""
        return ""

    def outdated(self, olds: Props, news: Props) -> bool:
        """Whether it is made anew although no input changed. What `read` or `check` found is asked
        again: `pulumi refresh` compares with inputs of the last `up`, which mended theirs."""
        return bool(olds.get("drift") or news.get("drift")) and bool(self._found(olds, news))

    def read(self, id_: str, props: Props) -> ReadResult:
        """What `pulumi refresh` finds and says; the next `up` mends it."""
        known = {name: value for name, value in props.items() if name != "drift"}
        if not (found := self._found(known, known)):
            return ReadResult(id_, known)
        progress.note(id_, f"{found}; `pulumi preview` shows what an `up` does about it")
        return ReadResult(id_, {**known, "drift": found})

    def _found(self, olds: Props, news: Props) -> str:
        """The drift; that it can't be told is no reason to refresh nothing else."""
        try:
            return self.drift(olds, news)
        except SlipwayError as error:
            return str(error)

    def create(self, props: Props) -> CreateResult:
        return CreateResult(self.ID, self.made(props, {}))

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        replaces = [name for name in self.REPLACES if _olds.get(name) != _news[name]]
        changed = any(_olds.get(name) != _news[name] for name in self.UPDATES)
        return DiffResult(changes=bool(replaces) or changed or self.outdated(_olds, _news), replaces=replaces or None)

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        return UpdateResult(self.made(_news, _olds))


class RandomSecretProvider(DynamicProvider):
    """Made once; never changes."""

    ID = "secret"
    WORDS = "a random key, which release ids are made with"

    def made(self, props: Props, olds: Props) -> Props:
        return {"value": secrets.token_hex(32)}


class _Certificate(DynamicProvider):
    """Made anew before it ends."""

    def outdated(self, _olds: Props, news: Props) -> bool:
        from components.hosts import certificates

        return certificates.is_due(_olds["certificate"])


class PrivateAuthorityProvider(_Certificate):
    """Made once; its certificate is made anew, with its key, before what it signs outlives it."""

    ID = "authority"
    WORDS = "an authority for certificates of this stack alone"

    def made(self, props: Props, olds: Props) -> Props:
        from components.hosts import certificates

        name = str(olds.get("name", props["name"]))
        return {"name": name, **vars(certificates.authority(name, olds.get("key")))}


class ServerCertificateProvider(_Certificate):
    """Made anew for another address, by another authority's certificate, and before it ends. The
    authority's key is never put out."""

    UPDATES = ("address", "authority")
    ID = "certificate"
    WORDS = "a certificate for {address}, made anew before it ends"

    def made(self, props: Props, olds: Props) -> Props:
        from components.hosts import certificates

        signer = certificates.Pair(props["authority"], props["authority_key"])
        return {"address": props["address"], "authority": props["authority"], **vars(certificates.server(signer, props["address"]))}


class _OnHost(DynamicProvider):
    """What is made of one host, which `facts` describe and name."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        return CheckResult({**news, "drift": self._found(_olds, news) if _olds else ""}, [])

    def words(self, props: Props) -> str:
        facts = object_in(props["facts"])  # empty while unknown or secret: another text stands for it then
        return facts.get("words") or super().words(facts)

    def create(self, props: Props) -> CreateResult:
        return CreateResult(json.loads(props["facts"])["host"], self.made(props, {}))


class HostProvider(_OnHost):
    """Installs the host tool and brings the host's processes up."""

    UPDATES = ("facts", "tool", "owner")
    WORDS = "{app} in {root}, run by {python}"

    def check(self, _olds: Props, news: Props) -> CheckResult:
        tree = _tree(json.loads(news["facts"]))
        if refusal := owner.refusal(tree, owner.Owner(**news["owner"])) or (_olds and _astray(json.loads(_olds["facts"]), "root")):
            return CheckResult(news, [CheckFailure("", refusal)])
        return super().check(_olds, news)

    def drift(self, _olds: Props, _news: Props) -> str:
        """What doesn't run that should."""
        status = transport.connect(json.loads(_news["facts"])).run(["status"])
        if not status.get("ok"):
            return str(status.get("message"))
        if not status["manager"]["running"]:
            return f"nothing runs: {status['manager']['kind']} is gone (a reboot, or it was ended)"
        restore = status.get("restore")
        if restore and not restore["running"]:
            return f"the restore of backup {restore['backup']} was interrupted: it is finished, or undone"
        if status.get("problems"):
            return str(status["problems"][0])
        live = status["live"]
        needed = (live["colour"], "front") if live and live["colour"] else ()
        down = [one["name"] for one in status["processes"] if one["name"] in needed and one["state"] not in ("running", "starting")]
        return f"not running: {', '.join(down)}" if down else ""

    def read(self, id_: str, props: Props) -> ReadResult:
        facts = json.loads(props["facts"])
        if why := _astray(facts, "root"):
            progress.note(facts["host"], why)
            return ReadResult(id_, props)
        return super().read(id_, props)

    def delete(self, _id: str, _props: Props) -> None:
        facts = json.loads(_props["facts"])
        if why := _astray(facts, "root"):
            raise SlipwayError(why)
        host = transport.connect({**facts, "root": str(_tree(facts))})
        kept = [] if progress.is_heard() else host.kept()  # `./slipway destroy` lists it
        host.remove(keep_data=True)
        for one in kept:
            progress.note(host.host, f"stays: {one.path}; {_data_too(_tree(facts).name, facts['app'])}")

    def made(self, props: Props, olds: Props) -> Props:
        from cloud_init import host_tool

        facts = json.loads(props["facts"])
        host = transport.connect(facts)
        host.install(host_tool.tool())
        owner.adopt(_tree(facts), owner.Owner(**props["owner"]), launched="root" in facts)
        outcome = host.run(["boot"], lambda event: progress.tell(host.host, event))
        if not outcome["ok"]:
            raise SlipwayError("\n".join([f"{host.host}, {outcome['step']}: {outcome['message']}", *(outcome.get("log") or [])]))
        return {key: props[key] for key in self.UPDATES}


class SshServerProvider(_OnHost):
    """Makes a server that is reached by SSH one of the stack's own."""

    UPDATES = ("facts", "owner", "boot")
    WORDS = "the server at {address}, set up and kept up to date"

    def drift(self, _olds: Props, _news: Props) -> str:
        from components.ssh import bring_up

        return bring_up.drift(json.loads(_news["facts"]))

    def delete(self, _id: str, _props: Props) -> None:
        from components.ssh import bring_up

        facts, tree = json.loads(_props["facts"]), owner.here(_props["tree"])
        bring_up.leave(facts, tree)
        if not progress.is_heard():
            progress.note(facts["host"], f"data stays in /srv/slipway/{facts['app']}; {_data_too(tree.name, facts['app'])}")

    def made(self, props: Props, olds: Props) -> Props:
        from components.ssh import bring_up

        facts, kept = json.loads(props["facts"]), {key: props[key] for key in ("facts", "servers", "owner", "tree", "boot")}
        same = all(olds.get(key) == props[key] for key in ("facts", "owner"))
        if same and bring_up.is_away(facts, json.loads(props["servers"])):
            return {**kept, "boot": olds["boot"]}
        tree, who = Path(props["tree"]), owner.Owner(**props["owner"])
        bring_up.run(facts, who, owner.read(tree) == who)
        owner.adopt(tree, who)
        return kept


class FirstReleaseProvider(DynamicProvider):
    """Wants a release before there are hosts. Once for each store: later ones are the rollout's."""

    REPLACES = ("store",)
    ID = "first-release"
    WORDS = "the release that servers start with"

    def made(self, props: Props, olds: Props) -> Props:
        from components.rollout import coordinator

        coordinator.want_first(store.connect(props["store"]), props)
        return {key: props[key] for key in ("release", "store")}


class ServingProvider(DynamicProvider):
    """Is there once hosts serve what is live; waits for others in their place."""

    REPLACES = ("hosts",)
    ID = "serving"
    WORDS = "waits until the servers serve"

    def made(self, props: Props, olds: Props) -> Props:
        from components.rollout.phases import pulled

        pulled.wait_to_serve(store.connect(props["store"]), props["hosts"])
        return {key: props[key] for key in ("hosts", "store")}


class RolloutProvider(DynamicProvider):
    """Publishes a release and rolls it out; its outputs are the verdict."""

    WHERE = "store"
    """The input that says where the release goes."""
    UPDATES = ("release", "url", WHERE)
    ID = "rollout"
    WORDS = "{module}, database {engine}, served at {url}"

    def words(self, props: Props) -> str:
        manifest = object_in(props.get("manifest", ""))
        return super().words({**manifest, **manifest.get("database", {}), "url": props["url"]})

    def check(self, _olds: Props, news: Props) -> CheckResult:
        return CheckResult({**news, "drift": self.drift(_olds, news) if _olds else ""}, [])

    def drift(self, _olds: Props, _news: Props) -> str:
        # Of a folder that was copied or moved its host tells.
        unknown = UNKNOWN in (_news[self.WHERE], _news["release"])
        return "" if unknown or _astray(_olds) else self._drift(_olds, _news)

    def outdated(self, _olds: Props, news: Props) -> bool:
        return super().outdated(_olds, news) or not _olds.get("ok")

    def made(self, props: Props, olds: Props) -> Props:
        verdict = self._roll(props, olds)
        outcome = {"ok": verdict.ok, "message": verdict.message, "live": verdict.live or ""}
        # The folder of this machine that a host is in, for one that is driven here.
        tree = next((str(host.root) for host in _hosts(props) if hasattr(host, "root")), "")
        return {**{key: props[key] for key in self.UPDATES}, **outcome, "tree": tree}

    def delete(self, _id: str, _props: Props) -> None:
        """Goes before what it depends on: in a copied folder nothing of that leaves the state."""
        if why := _astray(_props):
            raise SlipwayError(why)

    def _roll(self, props: Props, _olds: Props) -> Verdict:
        from components.release import publishing
        from components.rollout import coordinator

        released, hosts = store.connect(props["store"]), _hosts(props)
        known = {name: tuple(props.get(name) or ()) for name in ("expected", "addresses")}
        key = str(props.get("key") or "")
        site = Site(released, hosts, props["url"], follow=not hosts, fewest=int(props.get("fewest") or 0), key=lambda: key, **known)
        return coordinator.roll(site, props["release"], publish=lambda: publishing.publish(released, props))

    def _drift(self, olds: Props, news: Props) -> str:
        from components.deployment import on_hosts
        from components.rollout import coordinator

        try:
            now = coordinator.desired(store.connect(news["store"]))
        except NotLaunchedError as error:  # the plan goes on: what `up` sets up comes before
            return str(error)
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now.state.at))
        how = f" (rolled back by {now.state.actor}, {at})" if now.state.by == "rollback" else ""
        return _release_drift(olds, news, now.live, how) or on_hosts.drift(_hosts(news), now.live)


class DeployProvider(RolloutProvider):
    """Has a platform serve a release; its outputs are the verdict, as a rollout's."""

    WHERE = "platform"
    UPDATES = ("release", "url", WHERE)
    WORDS = "the app as a bundle, served at {url}"

    def _roll(self, props: Props, olds: Props) -> Verdict:
        from components import platforms
        from components.release.bundle import Bundle

        bundle = contracts.read(Bundle, json.loads(props["bundle"]))
        secrets = {name: value for name, value in props["secret_environment"].items() if name not in NOT_THE_APPS}
        release = platforms.Sendable(props["release"], bundle, Path(props["source"]), secrets)
        return platforms.deploy(_platform(props["platform"]), props["url"], release, olds.get("live") or None)

    def _drift(self, olds: Props, news: Props) -> str:
        return _release_drift(olds, news, _platform(news["platform"]).live(), "")


class PlatformAppProvider(_OnHost):
    """Makes an app on a platform, with what outlives its releases there."""

    REPLACES = ("name",)
    UPDATES = ("facts",)
    WORDS = "{host} on {platform}"

    def drift(self, _olds: Props, _news: Props) -> str:
        return str(_platform(_news["facts"]).drift())

    def delete(self, _id: str, _props: Props) -> None:
        _platform(_props["facts"]).remove()

    def made(self, props: Props, olds: Props) -> Props:
        return {"name": props["name"], "facts": props["facts"], **_platform(props["facts"]).make()}


def _platform(facts: str) -> Any:
    from components import platforms

    return platforms.connect(json.loads(facts))


def _hosts(props: Props) -> list[transport.Launched]:
    return [transport.connect(facts) for facts in json.loads(props.get("hosts") or "[]")]


def _tree(facts: Props) -> Path:
    """What is kept of the stack in this project folder."""
    return owner.here(facts.get("root") or facts["stack"])


def _astray(noted: Props, name: str = "tree") -> str:
    """Only what is in a folder of this machine is led astray when that is copied or moved."""
    return owner.astray(noted[name]) if noted.get(name) else ""


def _data_too(stack: str, app: str) -> str:
    return f"to remove it too: ./slipway -s {stack} destroy --with-data {app}"


def _release_drift(olds: Props, news: Props, live: str | None, how: str) -> str:
    """One sentence when something else than the last rollout is live; else empty."""
    if live == news["release"] or (live is not None and live == olds.get("release")):
        return ""
    return f"live is {live or 'nothing'}{how}, wanted {news['release']}"
