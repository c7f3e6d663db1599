"""What the SDK asks of every engine and what means nothing to one in its own process."""

from typing import Any, ClassVar

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2


class Courtesies:
    """Answers that are always the same. `features`: what more than secrets and aliases the SDK may send."""

    features: ClassVar[tuple[Any, ...]] = ()

    def GetDeploymentInfo(self, _request: Any, *_: Any) -> Any:  # noqa: N802  the SDK's name
        known = (resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS, resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS)
        return resource_pb2.DeploymentInfo(supportedFeatures=[*known, *self.features])

    def SignalAndWaitForShutdown(self, _request: Any, *_: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def SetRootResource(self, _request: Any, *_: Any) -> Any:  # noqa: N802
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, _request: Any, *_: Any) -> Any:  # noqa: N802
        """There is no CLI here that could be too old."""
        return engine_pb2.RequirePulumiVersionResponse()
