"""The Pulumi CLI as an engine like `ops.engine`, driven by the SDK's automation API."""

from ops.automation.engine import CliEngine

__all__ = ["CliEngine"]
