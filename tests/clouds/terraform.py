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
_OVERRIDDEN = "Provider development overrides are in effect"
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

    def __init__(self, provider: Provider, folder: Path, found: Mapping[str, str]) -> None:
        """`found`: variables by which Terraform finds the provider."""
        self.provider, self.folder = provider, folder
        self._environment = {**provider.without_own(), **found, "CHECKPOINT_DISABLE": "1"}

    def __call__(self, *words: str, good: tuple[int, ...] = (0,)) -> str:
        """What it prints. Fails with that where it ends otherwise than `good`."""
        done = subprocess.run(
            ["terraform", *words, *([] if words[0] == "providers" else ["-no-color"])],
            cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=_LONGEST, check=False,
        )  # fmt: skip
        assert done.returncode in good, f"terraform {' '.join(words)}: {done.returncode}\n{done.stdout[-30000:]}\n{done.stderr[-12000:]}"
        return done.stdout

    def problems(self, *words: str) -> list[str]:
        """Errors and warnings that a command tells, each with its address."""
        printed = self(*words, "-json", good=(0, 1))
        if words[0] == "validate":
            said = json.loads(printed)["diagnostics"]
        else:
            said = [one["diagnostic"] for one in map(json.loads, printed.splitlines()) if one["type"] == "diagnostic"]
        return [_told(one) for one in said if one["summary"] != _OVERRIDDEN]

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
        yield Terraform(provider, folder, {"TF_REATTACH_PROVIDERS": _said(process, log, provider.source)})
    finally:
        process.terminate()
        process.wait()


@contextmanager
def overridden(provider: Provider, folder: Path) -> Iterator[Terraform]:
    """With a provider's program that each command starts anew: one that can't be asked by several."""
    folder.mkdir()
    (folder / f"terraform-provider-{provider.called}").symlink_to(Path(os.environ[provider.program]).absolute())
    settings = folder / "settings.tfrc"
    settings.write_text(f'provider_installation {{\n  dev_overrides {{ "{provider.source}" = "{folder}" }}\n}}\n')
    yield Terraform(provider, folder, {**provider.environment, "TF_CLI_CONFIG_FILE": str(settings)})


def _told(one: Mapping[str, Any]) -> str:
    where = one.get("address") or (one.get("snippet") or {}).get("context") or "?"
    return f"{where}: {one['severity']}: {one['summary']} {one.get('detail', '')}".strip()


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
