"""The blocks as a package for every language of Pulumi's: `pulumi package add components/aws`."""

import sys
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.analyzer import ComponentDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import main

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
import components.aws

BLOCKS = [name for name in components.aws.__all__ if not name.endswith("Args")]


class Package(ComponentProvider):
    """All blocks, whose arguments are made as they take them."""

    def __init__(self) -> None:
        super().__init__([getattr(components.aws, block) for block in BLOCKS], "slipway-aws", version="0.1.0")

    def map_inputs(self, inputs: Any, component_def: ComponentDefinition) -> Any:
        return getattr(components.aws, f"{component_def.name}Args")(**super().map_inputs(inputs, component_def))


if __name__ == "__main__":
    main(Package(), sys.argv[1:])
