"""A release's objects, put into the store before anybody is told of them. One of them is the exact
versions that its requirements mean on the day it is published, with hashes: found by uv, for every
Python and machine at once; nothing is built for it."""

import hmac
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import uv
from packaging.utils import canonicalize_name

from cloud_init import host_tool
from cloud_init.host import contracts
from cloud_init.host.base import masking
from cloud_init.host.contracts.manifest import INSTALL, Manifest
from cloud_init.host.release import unpack, wheels
from components.hosts import progress
from components.release.ids import release_id
from components.release.store import Store, desired, overwrite, parsed, to_json
from components.source.archive import archive
from components.source.requirements import has_credentials

_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")  # the lowest that hosts may have, until one suits all requirements
_COMPILE = "pip compile --universal --generate-hashes --no-build --emit-index-url --emit-find-links --no-annotate --no-header --quiet"
# What pip's own settings say of indexes, as uv calls it.
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS", "cert": "SSL_CERT_FILE",
}  # fmt: skip
_MARK = "# signed: "
_HASHES = re.compile(r"--hash=\S+")
_PINNED = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)")
_ENTRY = re.compile(r"^(?P<head>(?P<name>[\w.-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)[^\\\n]*)(?:\\\n +--hash=\S+ ?)+", re.MULTILINE)


def publish(store: Store, props: Mapping[str, Any]) -> None:
    """Writes archive, tool, secrets and, last, the manifest of the release in a `Rollout`'s inputs.

    A server that boots takes this tool only before anything was live: the release may be refused.
    """
    manifest = replace(contracts.read(Manifest, json.loads(props["manifest"])), id=props["release"])
    name = f"releases/code/{manifest.code.id}.tar.gz"
    if not is_whole(store.get(name), manifest.code.sha256):
        store.put(name, archive(Path(props["source"]), manifest.code))
    store.put(f"releases/tool/{manifest.tool}.pyz", host_tool.tool())
    if desired(store).live is None and manifest.tool:
        name_tool(store, manifest.tool)
    secrets = {
        "web": {**(props.get("database_environment") or {}), **props["secret_environment"]},
        "database": props.get("database_secrets"),
    }
    masking.know(secrets)
    for role, values in secrets.items():
        if values:
            store.put(f"secrets/{role}/{manifest.id}.json", to_json(values))
    _publish_versions(store, manifest, str(props.get("key") or ""), json.loads(props["secret_environment"].get(INSTALL, "{}")))
    store.put(f"releases/{manifest.id}/manifest.json", to_json(contracts.document(manifest)))


def _publish_versions(store: Store, manifest: Manifest, key: str, secret: Mapping[str, str]) -> None:
    """A release that is there keeps its own, and one with the requirements of the live one has
    that one's: servers that start later run the same code. A machine that is taken as it is makes
    one environment, now. `secret`: variables of the installer."""
    name, live = wheels.list_of(manifest.id), desired(store).live
    if not manifest.host or store.get(name) is not None:
        return
    before = store.get(f"releases/{live}/manifest.json") if live else None
    old = parsed(Manifest, "manifest.json", before) if before else None
    same = old and (old.requirements, old.constraints, old.python) == (manifest.requirements, manifest.constraints, manifest.python)
    text, why = verified(key, str(live), store.get(wheels.list_of(str(live))) or b"") if same else "", ""
    if not text:
        text, why = versions(manifest.requirements, manifest.python, manifest.constraints, secret)
    if text:
        store.put(name, signed(key, manifest.id, text))
    else:
        progress.note("release", f"each host installs what an index has then: {why}")


def name_tool(store: Store, sha256: str) -> None:
    """A server that boots now takes this host tool."""
    overwrite(store, "tool.json", to_json({"sha256": sha256, "at": time.time()}))


def is_published(key: str, release: str, objects: Mapping[str, bytes | None]) -> bool:
    """Whether a release's `manifest`, `code`, `web` and `database` (secrets) are as published.

    Its id covers them, under the stack's key; the archive has the hash that its manifest says, and
    the list of `versions`, if there is one, is signed."""
    try:
        manifest, web, database = (json.loads(objects[name] or b"{}") for name in ("manifest", "web", "database"))
        secret = {**web, **({"": json.dumps(database, sort_keys=True)} if database else {})}
        identity = release_id(key, manifest["code"]["id"], manifest, {**manifest["environment"], **secret})
        versions = objects.get("versions")
        listed = versions is None or verified(key, release, versions)
        return bool(listed) and identity == release and is_whole(objects["code"], manifest["code"]["sha256"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def is_whole(archive: bytes | None, sha256: str) -> bool:
    """True if it is there and holds what it should: a damaged one is published again."""
    try:
        return unpack.hash_of(io.BytesIO(archive or b"")) == sha256
    except unpack.DAMAGED:
        return False


def versions(
    requirements: Sequence[str], python: str | None, constraints: str = "", secret: Mapping[str, str] = {}
) -> tuple[str, str]:  # fmt: skip
    """The text of a requirements file with a hash for each file, or a commit, and why there is
    none. `constraints`: of the first text; `secret`: variables of the installer.

    The texts that come later win, as on a host. One of the two is empty."""
    if not any(line[:1] not in ("", "-") for text in requirements for line in text.splitlines()):
        return "", "there is nothing to find"
    with tempfile.TemporaryDirectory(prefix="slipway-") as place:
        files = [Path(place) / f"{number}.txt" for number in range(len(requirements))]
        for file, text in zip(files, requirements, strict=True):
            file.write_text(text, encoding="utf-8")
        environment, index = _index({**os.environ, **secret})
        later = [word for file in files[1:] for word in ("--override", str(file))]
        if constraints:
            Path(place, "constraints.txt").write_text(constraints, encoding="utf-8")
            later += ["--constraint", f"{place}/constraints.txt"]
        for version in (python,) if python else _PYTHONS:
            command = [uv.find_uv_bin(), *_COMPILE.split(), "--python-version", version, *index, *map(str, files), *later]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode == 0 and _is_exact(done.stdout):
                # Addresses with credentials go, as the list is no secret: hosts have the like in
                # their own settings, or in slipway:secretInstall.
                lines = [line for line in done.stdout.splitlines(keepends=True) if line[0] != "-" or not has_credentials(line)]
                return _as_locked("".join(lines), requirements[0] + constraints), ""
            if "No solution found" not in done.stderr:
                break
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return "", masking.masked((lines or ["a requirement that no index has, so that it has no hash"])[0].removeprefix("error: "))


def signed(key: str, release: str, text: str) -> bytes:
    """The text with a mark by which `verified` knows it. An empty key marks nothing."""
    mark = hmac.new(key.encode(), f"{release}\n{text}".encode(), "sha256").hexdigest()
    return (f"{_MARK}{mark}\n{text}" if key else text).encode()


def verified(key: str, release: str, data: bytes) -> str:
    """The text that `signed` was given with that key for that release; empty for anything else."""
    whole = data.decode(errors="replace")
    text = whole.partition("\n")[2] if key else whole
    return text if hmac.compare_digest(data, signed(key, release, text)) else ""


def _is_exact(text: str) -> bool:
    """Whether each package has hashes, or a commit: that is a hash of what it is built of."""
    named = [part for part in re.sub(r"\\\n", " ", text).splitlines() if part.strip() and part[0] not in "-#"]
    return bool(named) and all(map(wheels.is_exact, named))


def _as_locked(text: str, locked: str) -> str:
    """The list, with the hashes of the app's own lock where that has some: an index that has other
    files by now is not believed."""
    known = {
        (canonicalize_name(name), version): _HASHES.findall(line) for line in locked.splitlines() for name, version in _PINNED.findall(line)
    }

    def own(found: re.Match[str]) -> str:
        wanted = known.get((canonicalize_name(found["name"]), found["version"]))
        return f"{found['head']} {' '.join(wanted)}" if wanted else found[0]

    return _ENTRY.sub(own, text)


def _index(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Variables and words for uv that say what pip's settings do of indexes.

    Without the last two words it would ask every Python of this machine who it is."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], env=environment, capture_output=True, text=True, check=False)
    found = re.findall(r"^[^.\n]*\.([a-z-]+)='(.*)'$", done.stdout, re.MULTILINE)
    known = {_SETTINGS[name]: " ".join(value.replace("\\n", " ").split()) for name, value in found if name in _SETTINGS}
    none = [f"--{name}" for name, value in found if name == "no-index" and value.lower() in ("1", "true", "yes", "on")]
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **known, **environment}, [*none[:1], "--python", sys.executable]
