"""What a release brings so that the host tool can ask its database: a small agent, and the driver it runs on."""

from pathlib import Path

from cloud_init.host_files import HostFile
from cloud_init.templating import FOLDER, text

_REQUIREMENTS = Path(__file__).parents[1] / "requirements"


def agent_files(engine: str) -> list[HostFile]:
    """The agent, for engines that are servers; none for a file."""
    if not _is_server(engine):
        return []
    return [
        HostFile("files/database/agent.py", text("database/agent.py")),
        HostFile("files/database/engine.py", text(f"database/{engine}.py")),
    ]


def driver(engine: str) -> str:
    """The agent's requirements, pinned; empty where there is no agent."""
    return (_REQUIREMENTS / f"database-{engine}.txt").read_text(encoding="utf-8") if _is_server(engine) else ""


def _is_server(engine: str) -> bool:
    return (FOLDER / f"database/{engine}.py").is_file()
