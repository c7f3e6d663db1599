"""The agent of a release (files/database/agent.py), asked over a pipe."""

from __future__ import annotations

import contextlib
import json
import subprocess
from typing import Any

from ...base.outcome import Refused
from ...base.places import Places
from ...base.user import as_user
from ...contracts.manifest import Manifest
from ...release import environment

_PATIENCE = 10  # seconds until an agent that was told to end is killed


class Agent:
    """`with Agent(…) as agent: agent.ask("schema")`. Passwords go through the pipe alone."""

    def __init__(self, places: Places, manifest: Manifest) -> None:
        folder = places.release(manifest.id)
        if not manifest.id or not folder.is_dir():
            raise Refused("database: wanted a release on this host to ask it with, found none; run `./slipway up` first")
        python = environment.drivers(places, manifest) / "bin/python"
        command = [str(python), str(folder / "files/database/agent.py")]
        user = places.release_user if places.facts.release_user else None  # elsewhere the app could trace it
        pipe = subprocess.PIPE
        # Unbuffered: what an agent that has ended did not read must not be written once more.
        self._process: Any = subprocess.Popen(command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", **as_user(user))

    @property
    def pipe(self) -> int:
        """The descriptor of its questions: it ends when no process holds that any more."""
        return int(self._process.stdin.fileno())

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            self._send({"do": "end"})  # closing its input is not enough: a child of the release command may hold the pipe
        try:
            self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """The agent's answer to one question. Raises `Refused` with the database's own words."""
        with contextlib.suppress(BrokenPipeError):  # the missing answer is told of below
            self._send({"do": do, **values})
        line = self._process.stdout.readline()
        if not line:
            words = self._process.stderr.read().decode("utf-8", "replace").splitlines()
            code = self._process.wait()
            ended = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            raise Refused(f"database, {do}: wanted an answer of its agent, found that it {ended}; run it again", log=words[-20:])
        answer: dict[str, Any] = json.loads(line)
        if not answer["ok"]:
            raise Refused(f"database, {do}: {answer['error']}")
        return answer

    def _send(self, question: dict[str, Any]) -> None:
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
