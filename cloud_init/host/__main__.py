"""What Python runs of the zip."""

import importlib
import os
import sys


def library(tool: str) -> str:
    """The folder for this Python of what speaks to a store in a bucket, from the bootstrap.

    `slipway.service` runs in it; people, timers and agents call the tool by the system's Python."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return os.path.join(os.path.dirname(os.path.abspath(tool)), "store", "lib", python, "site-packages")


if __name__ == "__main__":
    sys.path.append(library(sys.path[0]))
    sys.exit(importlib.import_module("host.cli").main())
