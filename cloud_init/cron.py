"""Jobs by the clock: one more process of the release, which starts each when it is due."""

import json
from collections.abc import Mapping
from pathlib import Path

from cloud_init.host.contracts.manifest import File
from cloud_init.host.processes.programs import CRON
from cloud_init.templating import text

PROCESS = CRON
COMMAND = "python ../files/cron.py"
_REQUIREMENTS = Path(__file__).parents[1] / "requirements/cron.txt"


def files(jobs: Mapping[str, Mapping[str, str]]) -> list[File]:
    """The scheduler and its jobs: name to `{"schedule", "command"}`."""
    content = json.dumps(jobs, indent=1, sort_keys=True) + "\n"
    return [File("files/cron.json", content), File("files/cron.py", text("release/cron.py"))]


def requirements() -> str:
    """Pinned: what knows when a job is due."""
    return _REQUIREMENTS.read_text(encoding="utf-8")
