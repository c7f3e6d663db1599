"""The blocks as a package for every language of Pulumi's: its own provider for components, and their arguments as they take them."""

from typing import Any

from pulumi.provider.experimental.analyzer import ComponentDefinition
from pulumi.provider.experimental.component import ComponentProvider

import components.aws

BLOCKS = [name for name in components.aws.__all__ if not name.endswith("Args")]


class Package(ComponentProvider):
    """All blocks, in a package of that name."""

    def __init__(self, name: str = "slipway-aws") -> None:
        super().__init__([getattr(components.aws, block) for block in BLOCKS], name, version="0.1.0")

    def map_inputs(self, inputs: Any, component_def: ComponentDefinition) -> Any:
        return getattr(components.aws, f"{component_def.name}Args")(**super().map_inputs(inputs, component_def))
