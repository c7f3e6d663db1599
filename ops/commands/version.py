"""`version`, without what a stack needs: it answers at once."""

import importlib.metadata
import platform
import tomllib
from pathlib import Path

from ops import cli as calls


def version(call: calls.InJson) -> None:
    """Show the versions of Slipway, Pulumi's SDK and Python."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    versions = {
        "slipway": project["version"],
        "pulumi": importlib.metadata.version("pulumi"),
        "python": platform.python_version(),
    }
    calls.tell(call, versions, ", ".join(f"{name} {number}" for name, number in versions.items()))
