"""The Pulumi CLI as an engine like `ops.engine`, driven by the SDK's automation API."""
