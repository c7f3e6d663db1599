"""Terraform in a folder of its own, with a provider that is started once and asked by every command."""

import json
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clouds.provider import Provider
from clouds.schema import Schema

_REATTACH = re.compile(r"TF_REATTACH_PROVIDERS='(.+)'")
_LONGEST = 1800.0  # seconds for one command: some of the provider's own waits are minutes
_QUICK = {
    "GOGC": "400",
    **dict.fromkeys((f"TF_LOG{what}" for what in ("", "_PROVIDER", "_SDK", "_SDK_PROTO", "_SDK_MUX")), "ERROR"),
}
"""Half of the processor time, for 0.8 GB; and not each request written down."""


def missing(provider: Provider) -> str:
    """Why there is nothing to run, or nothing."""
    if provider.program not in os.environ:
        return f"{provider.program} names no program of Terraform's provider {provider.source}"
    return "" if shutil.which("terraform") else "terraform isn't on PATH"


class Terraform:
    """Its commands, in `folder`."""

    def __init__(self, provider: Provider, folder: Path, reattach: str) -> None:
        self.provider, self.folder = provider, folder
        self._environment = {**provider.without_own(), "TF_REATTACH_PROVIDERS": reattach, "CHECKPOINT_DISABLE": "1"}

    def __call__(self, *words: str, good: tuple[int, ...] = (0,)) -> str:
        """What it prints. Fails with that where it ends otherwise than `good`."""
        done = subprocess.run(
            ["terraform", *words, *([] if words[0] == "providers" else ["-no-color"])],
            cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=_LONGEST, check=False,
        )  # fmt: skip
        assert done.returncode in good, f"terraform {' '.join(words)}: {done.returncode}\n{done.stdout[-30000:]}\n{done.stderr[-12000:]}"
        return done.stdout

    def configure(self, given: Mapping[str, Any]) -> None:
        """What the commands after this are about."""
        needed = {"required_providers": {self.provider.called: {"source": self.provider.source}}}
        (self.folder / "main.tf.json").write_text(json.dumps({"terraform": needed, **given}, indent=1))

    @property
    def state(self) -> dict[str, Any]:
        """The state as it lies there; empty before the first."""
        path = self.folder / "terraform.tfstate"
        return json.loads(path.read_text()) if path.is_file() else {"resources": []}

    @state.setter
    def state(self, given: Mapping[str, Any]) -> None:
        (self.folder / "terraform.tfstate").write_text(json.dumps(given))

    def schema(self) -> Schema:
        """Of the provider."""
        self.configure({})
        return Schema(self.provider, json.loads(self("providers", "schema", "-json")))


@contextmanager
def started(provider: Provider, folder: Path) -> Iterator[Terraform]:
    """With the provider's program beside it."""
    folder.mkdir()
    log = folder / "provider.log"
    environment = {**provider.without_own(), **_QUICK, **provider.environment}
    with log.open("wb") as file:
        command = [os.environ[provider.program], "-debug"]
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        yield Terraform(provider, folder, _said(process, log, provider.source))
    finally:
        process.terminate()
        process.wait()


def _said(process: subprocess.Popen[bytes], log: Path, source: str) -> str:
    for _ in range(1200):
        if found := _REATTACH.search(log.read_text()):
            assert source in found[1]
            return found[1]
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def spent() -> float:
    """Seconds of processor time of all programs that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
