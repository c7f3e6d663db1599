"""Which resource types get a line: those that targets use or will. A file for each provider."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def types(provider: str) -> dict[str, list[str]]:
    """The types, each with the inputs that replace it though its provider's schema flags none, or
    none that deep (`settings.collation`)."""
    lines = (_FOLDER / f"{provider}.txt").read_text(encoding="utf-8").splitlines()
    words = (line.split() for line in lines if line and not line.startswith("#"))
    return {token: unflagged for token, *unflagged in words}


def providers() -> list[str]:
    """Those that have a list."""
    return sorted(path.stem for path in _FOLDER.glob("*.txt"))
