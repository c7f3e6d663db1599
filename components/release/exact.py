"""The exact versions that a release's requirements mean on the day it is published, with hashes.

Found by uv, for every Python and machine at once; nothing is built for it."""

import hmac
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv
from packaging.utils import canonicalize_name

from cloud_init.host.base.masking import masked
from cloud_init.host.release.wheels import is_exact
from components.source.requirements import FILLED_IN

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
_CREDENTIALS = re.compile(r"://[^/\s@]+@")


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
                return _as_locked(_without_credentials(done.stdout), requirements[0] + constraints), ""
            if "No solution found" not in done.stderr:
                break
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return "", masked((lines or ["a requirement that no index has, so that it has no hash"])[0].removeprefix("error: "))


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
    return bool(named) and all(map(is_exact, named))


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


def _without_credentials(text: str) -> str:
    """The list without addresses of this machine's settings that hold some: it is no secret. Hosts
    have the like in their own settings, or in slipway:secretInstall."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line[0] != "-" or not _CREDENTIALS.search(FILLED_IN.sub("://", line)))


def _index(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Variables and words for uv that say what pip's settings do of indexes.

    Without the last two words it would ask every Python of this machine who it is."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], env=environment, capture_output=True, text=True, check=False)
    found = re.findall(r"^[^.\n]*\.([a-z-]+)='(.*)'$", done.stdout, re.MULTILINE)
    known = {_SETTINGS[name]: " ".join(value.replace("\\n", " ").split()) for name, value in found if name in _SETTINGS}
    none = [f"--{name}" for name, value in found if name == "no-index" and value.lower() in ("1", "true", "yes", "on")]
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **known, **environment}, [*none[:1], "--python", sys.executable]
