"""The agent of a release (files/database/agent.py), run on the release's driver environment and asked over a pipe."""

from __future__ import annotations

import json
import subprocess
from types import TracebackType
from typing import Any

from .. import environment
from ..outcome import Refused
from ..places import Places


class Agent:
    """`with Agent(…) as agent: agent.ask("schema")`. Passwords go through the pipe, never through arguments."""

    def __init__(self, places: Places, manifest: dict[str, Any]) -> None:
        folder = places.release(manifest["id"])
        python = environment.drivers(places, manifest) / "bin/python"
        command = [str(python), str(folder / "files/database/agent.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """The answer; refused with the database's own words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"ok": False, "error": "the agent ended early"}
        if not answer["ok"]:
            raise Refused(f"database, {do}: {answer['error']}")
        return answer
