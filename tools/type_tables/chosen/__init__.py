"""Which resource types get a line: those that targets use or will, not the thousands that there are. A file for each provider."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def types(provider: str) -> dict[str, str]:
    """Pulumi's name of each, and what its Terraform provider calls it where the file says so."""
    lines = (_FOLDER / f"{provider}.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {token: name for token, _, name in pairs}


def providers() -> list[str]:
    """Those that have a list."""
    return sorted(path.stem for path in _FOLDER.glob("*.txt"))
