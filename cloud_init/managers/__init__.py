"""What keeps the processes of a host running, a file each; Supervisor's programs are the host tool's own (`host/programs.py`)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A host as its manager sees it: the app's name, the user that the app runs as, the Python that runs the host tool."""

    app: str
    user: str
    python: str = "/usr/bin/python3"
