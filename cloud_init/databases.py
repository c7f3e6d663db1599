"""What a release brings so that the host tool can ask its database: a small agent, and the driver it runs on."""

from pathlib import Path

from cloud_init.host.contracts.manifest import File
from cloud_init.templating import FOLDER, text

_REQUIREMENTS = Path(__file__).parents[1] / "requirements"


def agent_files(engine: str) -> list[File]:
    """The agent, for engines that are servers; none for a file."""
    if not _is_server(engine):
        return []
    return [
        File("files/database/agent.py", text("database/agent.py")),
        File("files/database/engine.py", text(f"database/{engine}.py")),
    ]


def driver(engine: str) -> str:
    """The agent's requirements, pinned; empty where there is no agent."""
    return (_REQUIREMENTS / f"database-{engine}.txt").read_text(encoding="utf-8") if _is_server(engine) else ""


def _is_server(engine: str) -> bool:
    return (FOLDER / f"database/{engine}.py").is_file()
