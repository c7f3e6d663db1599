"""`version`: of Slipway and of what it stands on."""

import importlib.metadata
import platform
import tomllib

import typer

from ops import call as calls
from ops.display import tables
from ops.stack import workplace


def version(context: typer.Context, as_json: calls.Json = False) -> None:
    """Show the versions of Slipway, Pulumi's SDK and Python."""
    project = tomllib.loads((workplace.folder() / "pyproject.toml").read_text())["project"]
    versions = {
        "slipway": project["version"],
        "pulumi": importlib.metadata.version("pulumi"),
        "python": platform.python_version(),
    }
    if calls.of(context).as_json:
        tables.document(versions)
    else:
        tables.line(", ".join(f"{name} {number}" for name, number in versions.items()))
