"""What the tests tried and what came of it: one line for each, gathered into docs/faults.md by `--faults=write`."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

SECTIONS = {
    "pairs": "Front x server x database: launched, migrated, written, read, redeployed under load",
    "kills": "kill -9",
    "broken": "Broken releases: refused, the old one serves",
    "database": "Databases stopped, backed up, restored",
    "abuse": "Overload and abuse",
    "damage": "Damaged archives, states, settings and store objects",
}

_HEAD = "| tried | what came of it | requests | failed | seconds until well |\n|---|---|---:|---:|---:|\n"
_START = "# What was tried\n\nWritten by the tests (`./slipway test --faults=write`); a figure is from one run on one machine.\n"


@dataclass(frozen=True)
class Fault:
    """One thing tried. `requests` and `failed` are None where there was no load; `seconds` until all was well again."""

    section: str
    tried: str
    came: str
    requests: int | None = None
    failed: int | None = None
    seconds: float | None = None


def record(
    section: str, tried: str, came: str, requests: int | None = None, failed: int | None = None, seconds: float | None = None
) -> None:
    """Notes what a test saw, after its assertions held."""
    assert section in SECTIONS
    folder = os.environ.get("SLIPWAY_TEST_FAULTS")
    if folder:
        line = json.dumps(asdict(Fault(section, tried, came, requests, failed, seconds)))
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def gathered(folder: Path) -> list[Fault]:
    """Everything that was recorded, each name once, in order."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    found = {(fault.section, fault.tried): fault for fault in (Fault(**json.loads(line)) for line in lines)}
    return sorted(found.values(), key=lambda fault: (list(SECTIONS).index(fault.section), fault.tried))


def table(faults: list[Fault]) -> str:
    """docs/faults.md."""
    parts = [_START]
    for section, title in SECTIONS.items():
        rows = [_row(fault) for fault in faults if fault.section == section]
        parts += [f"\n## {title}\n\n{_HEAD}", *rows] if rows else []
    return "".join(parts)


def stale(text: str, found: list[Fault], whole: bool) -> list[str]:
    """What docs/faults.md lacks of it, and, after a `whole` run, has too much. Figures differ from run to run and don't count."""
    told = {line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")} - {"tried"}
    seen = {_row(fault).split(" | ")[0].removeprefix("| ") for fault in found}
    lacking = [f"lacks {name!r}" for name in sorted(seen - told)]
    return lacking + [f"has {name!r}, which no test recorded" for name in sorted(told - seen)] if whole else lacking


def _row(fault: Fault) -> str:
    seconds = "" if fault.seconds is None else f"{fault.seconds:.1f}"
    cells = [fault.tried, fault.came, _number(fault.requests), _number(fault.failed), seconds]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
