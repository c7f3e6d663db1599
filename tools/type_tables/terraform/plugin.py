"""A provider's program, started and spoken to."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import msgpack

from components.errors import UsageError
from tools.type_tables.terraform.messages import kind

# Without this a provider prints that it is a plugin, and ends. It is the same for all providers, and no secret.
_HANDSHAKE = {"TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS": "5"}
_LARGEST = 256 * 1024 * 1024  # bytes; the schema of all of AWS in one message
_LONGEST = 20.0  # seconds for one question


class Plugin:
    """Answers questions about a provider's resource types. One that breaks down over a made-up value is started again."""

    def __init__(self, program: Path, settings: Mapping[str, Any]) -> None:
        self._path, self._settings = program, settings
        self.resources: dict[str, Any] = {}
        self._start()

    def plan(self, type: str, prior: Mapping[str, Any] | None, proposed: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
        """What would become of a resource that is `prior` (None: it isn't there), where a program says `config`.

        `proposed` is `config` with what is kept of `prior`. None: the provider had no answer.
        """
        asked = kind("Plan")(type_name=type, prior_state=pack(prior), proposed_new_state=pack(proposed), config=pack(config))
        try:
            return self._call("PlanResourceChange", asked, "Planned", _LONGEST)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                self.stop()
                self._start()
            return None

    def stop(self) -> None:
        """Ends the program."""
        self._channel.close()
        self._process.terminate()
        self._process.communicate()

    def _start(self) -> None:
        environment = {**_HANDSHAKE, "PATH": os.environ.get("PATH", ""), "AWS_EC2_METADATA_DISABLED": "true"}
        self._process = subprocess.Popen(
            [str(self._path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True, start_new_session=True
        )
        self._channel = grpc.insecure_channel(f"unix:{self._socket()}", options=[("grpc.max_receive_message_length", _LARGEST)])
        schemas = self._call("GetSchema", kind("Empty")(), "Schemas", 120)
        self.resources = {one.key: one.value.block for one in schemas.resources}
        self._configure(schemas.provider.block)

    def _socket(self) -> str:
        line = self._process.stdout.readline().strip() if self._process.stdout else ""
        parts = line.split("|")
        if len(parts) < 5 or parts[2] != "unix" or parts[4] != "grpc":
            self._process.kill()
            raise UsageError(f"{self._path}: wanted the program of a Terraform provider, which answers with a socket; got {line!r}")
        return str(parts[3])

    def _configure(self, block: Any) -> None:
        nothing: dict[str, Any] = {one.name: None for one in block.attributes} | {one.type_name: [] for one in block.block_types}
        asked = kind("Configure")(terraform_version="1.11.0", config=pack({**nothing, **self._settings}))
        if found := errors(self._call("Configure", asked, "Configured", 60)):
            raise UsageError(f"{self._path}: wanted it to answer without account and network, it says: {found[0]}")

    def _call(self, method: str, request: Any, answer: str, seconds: float) -> Any:
        call = self._channel.unary_unary(
            f"/tfplugin5.Provider/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=kind(answer).FromString,
        )
        return call(request, timeout=seconds)


@contextmanager
def started(program: Path, settings: Mapping[str, Any]) -> Iterator[Plugin]:
    """The provider, for as long as it is asked."""
    plugin = Plugin(program, settings)
    try:
        yield plugin
    finally:
        plugin.stop()


def pack(values: Mapping[str, Any] | None) -> Any:
    """Values as they go over the wire."""
    return kind("DynamicValue")(msgpack=msgpack.packb(values))


def unpack(value: Any) -> Any:
    """Values as they come; what is known only later is a msgpack extension, and no more than that."""
    return msgpack.unpackb(value.msgpack, strict_map_key=False) if value.msgpack else None


def errors(answer: Any) -> list[str]:
    """The errors of an answer, not its warnings."""
    return [f"{one.summary}: {one.detail}" for one in answer.diagnostics if one.severity == 1]
