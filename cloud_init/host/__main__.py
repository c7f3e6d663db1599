"""What Python runs of the zip. It goes on in a compiled copy of it, where there is one: compiling takes longer than most commands."""

from __future__ import annotations

import hashlib
import importlib
import os
import stat
import sys


def copy_of(tool: str) -> str:
    """Where the compiled copy of these very bytes belongs, for this Python."""
    with open(tool, "rb") as file:
        sha256 = hashlib.sha256(file.read()).hexdigest()
    return os.path.join(os.path.dirname(os.path.abspath(tool)), "compiled", f"{sha256}.{sys.implementation.cache_tag}.zip")


def trusted(copy: str, tool: str) -> bool:
    """It is there, and only who may write the tool itself, or root, may write it."""
    try:
        found, owners = os.lstat(copy), (0, os.stat(tool).st_uid)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid in owners and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def library(tool: str) -> str:
    """Where a server's bootstrap put what speaks to a store in a bucket, for this Python. `slipway.service` runs in that environment;
    people, timers and agents call the tool by the system's own Python."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return os.path.join(os.path.dirname(os.path.abspath(tool)), "store", "lib", python, "site-packages")


if __name__ == "__main__":
    sys.path.append(library(sys.path[0]))
    if trusted(copy := copy_of(sys.path[0]), sys.path[0]):
        sys.path[0] = copy
    sys.exit(importlib.import_module("host.cli").main())
