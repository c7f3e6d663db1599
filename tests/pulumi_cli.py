"""The real Pulumi command line for a project's folder, on a state of its own."""

import os
import subprocess
import sys

from project import Project


class PulumiCli:
    """Called with arguments it gives what was printed. `backend` is where its state lies."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.backend = project.folder / "backend"
        self.backend.mkdir()
        project.environment |= {
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_HOME": str(project.folder / "pulumi"),
            "HOME": os.environ["HOME"],
        }
        (project.folder / ".venv").symlink_to(sys.prefix)
        self("stack", "init", "dev")

    def __call__(self, *arguments: str, code: int | None = 0) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.project.folder, env=self.project.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        text = done.stdout + done.stderr
        assert code is None or done.returncode == code, text
        return text
