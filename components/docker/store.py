"""The release store in the tree of an engine, asked over a pipe into the keeper; and the image of a
release, built from what was published: on its engine, or for a registry that the engine has it
from."""

import base64
import json
import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloud_init import templating
from cloud_init.host.base.files import object_in, read_text
from cloud_init.host.base.masking import masked
from cloud_init.host.contracts.manifest import INSTALL, REGISTRY, Manifest
from cloud_init.host.release import environment, wheels
from cloud_init.host.server.setup import USERS
from components.docker.engine import Engine, arguments
from components.errors import SlipwayError
from components.hosts import progress
from components.hosts.objects import Folder
from components.hosts.transports.docker import STORE, TOOL, keeper
from components.release.store import parsed
from components.source.archive import unpack

_BUILD_TOOLS = {"build-essential", "gcc", "g++", "make", "cmake", "cargo", "rustc", "clang", "gfortran", "pkg-config", "git"}
"""Packages that an image has only while it is built."""
FIRST_ID = 10001
"""The number of the app's user in every image; the others of `USERS` follow."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SHOWN = 20  # lines of a build that failed
SCHEME = "docker:"


def address(facts: Mapping[str, Any]) -> str:
    """The address of the store of the site with these facts."""
    return SCHEME + json.dumps(facts, sort_keys=True)


class EngineStore(Folder):
    """`components.release.store.Store` of one site."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts, self.address, self.keeper = facts, address(facts), keeper(facts)
        super().__init__(self.keeper, "docker", TOOL, STORE)

    def bring(self, host: str, release: str, key: Callable[[], str]) -> None:
        """The image of the release, built where the engine has none."""
        is_pushed = not self.facts["registry"] or self.get(_pushed_as(release)) is not None
        if not is_pushed or self.keeper.engine.inspect("image", _image(self.facts, release)) is None:
            manifest = parsed(Manifest, f"releases/{release}/manifest.json", self.get(f"releases/{release}/manifest.json") or b"")
            with progress.step(host, "image"):
                _bring(self.keeper.engine, self.facts, manifest, self)


def connect(text: str) -> EngineStore:
    """The store at an address that begins with `docker:`."""
    return EngineStore(json.loads(text.removeprefix(SCHEME)))


def _image(facts: Mapping[str, Any], release: str) -> str:
    """The image of a release."""
    return f"{facts['images']}:{release}"


def _pushed_as(release: str) -> str:
    """The object of the store with the digest of a release's image in the registry."""
    return f"releases/{release}/image"


def host_file(base: str, packages: tuple[str, ...]) -> str:
    """The Dockerfile of the image with a host's programs."""
    return templating.render("docker/host.Dockerfile.j2", base=base, packages=packages, users=_users())


def _bring(engine: Engine, facts: Mapping[str, Any], manifest: Manifest, store: Folder) -> None:
    """Gives the engine the image of a release. With a registry it is built by the client's own
    engine and pushed once; what was pushed is noted in the store by its digest.

    Raises `SlipwayError`, of a build with the last lines of what was said."""
    secrets = json.loads(store.get(f"secrets/web/{manifest.id}.json") or b"{}")
    installer, login = (json.loads(secrets.get(name, "{}")) for name in (INSTALL, REGISTRY))
    made, noted = _image(facts, manifest.id), _pushed_as(manifest.id)
    if not facts["registry"]:
        _build(engine, facts, manifest, store, installer, {})
        return
    with _logged_in(engine, facts["images"], login) as (here, there):
        if not (digest := (store.get(noted) or b"").decode()):
            mine, wanted = (one.run("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}").decode().strip() for one in (here, there))
            _build(here, facts, manifest, store, installer, {"platform": wanted} if mine != wanted else {})
            here.run("push", made)
            pushed = here.inspect("image", made) or {}
            digest = next(one for one in pushed["RepoDigests"] if one.startswith(f"{facts['images']}@"))
            store.put(noted, digest.encode())
        if there.inspect("image", made) is None:
            pulled = there.tried("pull", "--quiet", digest)
            if pulled.returncode:
                store.delete(noted)  # a registry that has it no more gets it again
                raise there.refused("pull", pulled.stderr.decode(errors="replace"))
            there.run("tag", digest, made)


@contextmanager
def _logged_in(engine: Engine, registry: str, login: Mapping[str, str]) -> Iterator[tuple[Engine, Engine]]:
    """The client's own engine and `engine`, with a login that the client forgets afterwards."""
    if not login:
        yield Engine(), engine
        return
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    server = registry.partition("/")[0]
    server = server if re.search("[.:]|^localhost$", server) else "https://index.docker.io/v1/"
    with tempfile.TemporaryDirectory(prefix="slipway-") as place:
        for folder in ("contexts", "cli-plugins"):
            (Path(place) / folder).symlink_to(own / folder)
        auth = base64.b64encode(f"{login.get('user', '')}:{login.get('password', '')}".encode()).decode()
        chosen = object_in(read_text(own / "config.json"))
        # An empty helper: the password is in this file, whatever keeps the others.
        chosen |= {name: {**chosen.get(name, {}), server: value} for name, value in (("auths", {"auth": auth}), ("credHelpers", ""))}
        (Path(place) / "config.json").touch(0o600)
        (Path(place) / "config.json").write_text(json.dumps(chosen), encoding="utf-8")
        yield Engine(configuration=place), replace(engine, configuration=place)


def _build(
    engine: Engine, facts: Mapping[str, Any], manifest: Manifest, store: Folder, secret: Mapping[str, str], platform: Mapping[str, str]
) -> None:
    with tempfile.TemporaryDirectory(prefix="slipway-") as place:
        folder = Path(place)
        (folder / "context/requirements").mkdir(parents=True)
        installs = _requirements(folder / "context/requirements", manifest, (store.get(wheels.list_of(manifest.id)) or b"").decode())
        packages = sorted(manifest.packages)
        text = templating.render(
            "docker/release.Dockerfile.j2", base=_pinned(engine, facts["base"]), packages=packages, installs=installs,
            kept=[one for one in packages if one not in _BUILD_TOOLS], secret=bool(secret), users=_users(),
        )  # fmt: skip
        (folder / "context/Dockerfile").write_text(text, encoding="utf-8")
        (folder / "code.tar.gz").write_bytes(store.get(f"releases/code/{manifest.code.id}.tar.gz") or b"")
        unpack(folder / "code.tar.gz", folder / "context/src")
        labels = [f"slipway.site={facts['site']}", f"slipway.release={manifest.id}"]
        options = {"tag": _image(facts, manifest.id), "label": labels, **platform}
        more = []
        if secret:
            (folder / "installer").write_text("".join(f"{key}={shlex.quote(value)}\n" for key, value in secret.items()), encoding="utf-8")
            (folder / "installer").chmod(0o600)
            more = ["--secret", f"id=installer,src={folder / 'installer'}"]
        _built(engine, [*arguments(options), *more, str(folder / "context")], bool(secret))


def _built(engine: Engine, words: list[str], needs_secret: bool) -> None:
    has_buildx = engine.tried("buildx", "version").returncode == 0
    if needs_secret and not has_buildx:
        raise SlipwayError("slipway:secretInstall: wanted docker's buildx, which keeps a secret out of an image, found none; install it")
    variables = {**os.environ, "DOCKER_BUILDKIT": "1" if has_buildx else "0", "BUILDKIT_PROGRESS": "plain"}
    command = [*engine.command("build"), *([] if has_buildx else ["--force-rm"]), *words]
    done = subprocess.run(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    if done.returncode:
        lines = [_COLOUR.sub("", line) for line in masked(done.stdout).splitlines() if line.strip()]
        error = engine.refused("the image can't be built", "\n".join(lines))
        raise SlipwayError("\n".join([f"{error}{environment.hint(done.stdout)}", *lines[-_SHOWN:]]))


def _requirements(folder: Path, manifest: Manifest, exact: str) -> list[str]:
    """Writes what the environment is made of; the options of pip for each of its runs, in order."""
    texts: tuple[str, ...] = wheels.parted(exact) if exact else manifest.requirements
    options = ("--no-deps --require-hashes -r", "--no-deps -r") if exact else ("-r",) * len(texts)
    installs = []
    for number, (text, option) in enumerate(zip(texts, options, strict=True)):
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
        if text.strip():
            installs.append(f"{option} /tmp/requirements/{number}.txt")
    if manifest.constraints and not exact:
        (folder / "constraints.txt").write_text(manifest.constraints, encoding="utf-8")
        installs[0] += " -c /tmp/requirements/constraints.txt"
    return installs


def _pinned(engine: Engine, base: str) -> str:
    """The base by its digest, where it came from a registry."""
    found = engine.inspect("image", base)
    if found is None:
        engine.run("pull", "--quiet", base)
        found = engine.inspect("image", base) or {}
    return next(iter(found.get("RepoDigests") or ()), base)


def _users() -> list[dict[str, object]]:
    """The users of a host, with the same numbers in each image."""
    made = []
    for number, (user, words) in enumerate(USERS.items()):
        groups = dict(zip(words[::2], words[1::2], strict=True))
        made.append({"name": user, "id": FIRST_ID + number, "group": groups.get("--gid", user), "also": groups.get("--groups", "")})
    return made
