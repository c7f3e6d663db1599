"""The Pulumi CLI as an engine, run through the SDK's automation API: the verbs, events and results of `ops.engine`."""

from ops.automation.engine import CliEngine

__all__ = ["CliEngine"]
