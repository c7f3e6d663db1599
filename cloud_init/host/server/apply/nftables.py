"""Rules of nftables, each file a transaction: the kernel has the old ones or the new ones."""

from __future__ import annotations

from pathlib import Path

from . import run

_TABLE = ("inet", "slipway")


def apply(paths: list[Path]) -> None:
    """Checks all, then loads them."""
    for path in paths:
        run("nft", "--check", "--file", str(path))
    for path in paths:
        run("nft", "--file", str(path))


def withdraw(paths: list[Path]) -> None:
    """Without its file the table goes too."""
    if " ".join(("table", *_TABLE)) in run("nft", "list", "tables").splitlines():
        run("nft", "delete", "table", *_TABLE)
