"""Blocks of a cloud by their names: each module is imported as a block of it is first used, and
with it no more of the cloud's SDK than it needs, which costs a plan tenths of a second."""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

_TOGETHER = {"Certificate": "site_name", "DataDisk": "server", "DatabaseServer": "server", "WebServer": "server"}


def block(package: str, names: Sequence[str], name: str) -> Any:
    """That block, or its arguments, of one of the `names` of a package such as `components.aws`.
    Raises `AttributeError`. `HostRole` and `HostRoleArgs` are in `blocks.host_role`, and so on."""
    if name not in names:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    of = name.removesuffix("Args")
    module = _TOGETHER.get(of) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", of).lower()
    return getattr(import_module(f"{package}.blocks.{module}"), name)
