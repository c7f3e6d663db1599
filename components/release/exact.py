"""The exact versions that a release's requirements mean on the day it is published, with hashes.

Found by uv, for every Python and machine at once; nothing is built for it."""

import hmac
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uv

from cloud_init.host.release.wheels import hashes

_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")  # the lowest that hosts may have, until one suits all requirements
_COMPILE = "pip compile --universal --generate-hashes --no-build --emit-index-url --emit-find-links --no-annotate --no-header --quiet"
# What pip's own settings say of indexes, as uv calls it.
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS", "cert": "SSL_CERT_FILE",
}  # fmt: skip
_MARK = "# signed: "


def versions(requirements: Sequence[str], python: str | None) -> tuple[str, str]:
    """The text of a requirements file with a hash for each file, and why there is none.

    The texts that come later win, as on a host. One of the two is empty."""
    if not any(line[:1] not in ("", "-") for text in requirements for line in text.splitlines()):
        return "", "there is nothing to find"
    with tempfile.TemporaryDirectory(prefix="slipway-") as place:
        files = [Path(place) / f"{number}.txt" for number in range(len(requirements))]
        for file, text in zip(files, requirements, strict=True):
            file.write_text(text, encoding="utf-8")
        environment, index = _index()
        later = [word for file in files[1:] for word in ("--override", str(file))]
        for version in (python,) if python else _PYTHONS:
            command = [uv.find_uv_bin(), *_COMPILE.split(), "--python-version", version, *index, *map(str, files), *later]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode == 0 and _all_have_hashes(done.stdout):
                return done.stdout, ""
            if "No solution found" not in done.stderr:
                break
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return "", (lines or ["a requirement that no index has, so that it has no hash"])[0].removeprefix("error: ")


def signed(key: str, release: str, text: str) -> bytes:
    """The text with a mark by which `verified` knows it. An empty key marks nothing."""
    return (f"{_MARK}{_mark(key, release, text)}\n{text}" if key else text).encode()


def verified(key: str, release: str, data: bytes) -> str:
    """The text that `signed` was given with that key for that release; empty for anything else."""
    whole = data.decode(errors="replace")
    if not key:
        return whole
    first, _, text = whole.partition("\n")
    return text if hmac.compare_digest(first.encode(), f"{_MARK}{_mark(key, release, text)}".encode()) else ""


def _mark(key: str, release: str, text: str) -> str:
    return hmac.new(key.encode(), f"{release}\n{text}".encode(), "sha256").hexdigest()


def _all_have_hashes(text: str) -> bool:
    named = [part for part in re.sub(r"\\\n", " ", text).splitlines() if part.strip() and part[0] not in "-#"]
    return bool(named) and all(hashes(part) for part in named)


def _index() -> tuple[dict[str, str], list[str]]:
    """Variables and words for uv that say what pip's settings do of indexes.

    Without the last two words it would ask every Python of this machine who it is."""
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    found = re.findall(r"^[^.\n]*\.([a-z-]+)='(.*)'$", done.stdout, re.MULTILINE)
    known = {_SETTINGS[name]: " ".join(value.replace("\\n", " ").split()) for name, value in found if name in _SETTINGS}
    none = [f"--{name}" for name, value in found if name == "no-index" and value.lower() in ("1", "true", "yes", "on")]
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **known, **os.environ}, [*none[:1], "--python", sys.executable]
