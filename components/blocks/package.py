"""Blocks of a cloud by their names: each module is imported as a block of it is first used, and
with it no more of the cloud's SDK than it needs, which costs a plan tenths of a second."""

import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

_TOGETHER = {"Certificate": "site_name", "DataDisk": "server", "DatabaseServer": "server", "WebServer": "server"}


def lazy(package: str, names: Sequence[str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package such as `components.aws`, of blocks and their
    arguments by these names. `HostRole` and `HostRoleArgs` are in `blocks.host_role`, and so on."""

    def block(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        of = name.removesuffix("Args")
        module = _TOGETHER.get(of) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", of).lower()
        return getattr(import_module(f"{package}.blocks.{module}"), name)

    return block, lambda: sorted({*vars(sys.modules[package]), *names})
