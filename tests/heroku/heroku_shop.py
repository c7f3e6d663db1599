"""An app in a project folder, launched by the real command line on a Heroku of this machine."""

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from fake_heroku import App, Heroku
from typer.testing import CliRunner

from ops.cli import app as commands

ROOT = Path(__file__).parents[2]
APP = """
import os
WORDS = "one"
STATUS = "200 OK"

def app(environ, start):
    start(STATUS, [("Content-Type", "text/plain")])
    return [" ".join([WORDS, os.environ.get("TOKEN", "-"), environ["REMOTE_ADDR"]]).encode()]
"""


class Shop:
    """The app `shop`, which `up` calls slipway-dev at Heroku."""

    def __init__(self, folder: Path, heroku: Heroku) -> None:
        self.folder, self.heroku = folder, heroku
        for name in ("Pulumi.yaml", "__main__.py"):
            (folder / name).symlink_to(ROOT / name)
        (folder / ".slipwayignore").write_text(".slipway\nPulumi*\n__main__.py\nheroku\n")
        (folder / "requirements.txt").write_text("flask==3.1.3\n")
        self.write(APP)
        self.config()

    @property
    def app(self) -> App:
        return self.heroku.apps["slipway-dev"]

    def run(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(commands, list(words))
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    def run_any(self, *words: str) -> str:
        """Whatever comes of it."""
        return CliRunner().invoke(commands, list(words)).output

    def up(self, code: int = 0) -> str:
        return self.run("up", "--yes", code=code)

    def config(self, token: str = "s3cret", app: dict[str, Any] | None = None, **sections: Any) -> None:
        mine = {"name": "shop", "path": ".", "module": "wsgi:app", "env": {"COLOUR": "red"}, "startTimeout": 8, **(app or {})}
        values = {"target": "heroku", "app": mine, **sections}
        old = self.folder / "Pulumi.dev.yaml"
        kept = {key: value for key, value in (yaml.safe_load(old.read_text()) if old.exists() else {}).items() if key != "config"}
        old.write_text(yaml.safe_dump({**kept, "config": {f"slipway:{key}": value for key, value in values.items()}}))
        if token:
            self.run("config", "set", "--secret", "--path", "slipway:secretEnv.TOKEN", token)

    def write(self, text: str) -> None:
        (self.folder / "wsgi.py").write_text(text)

    def get(self, path: str = "/", **headers: str) -> tuple[str, str | None]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.app.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read().decode(), answer.headers["X-Release-Id"]
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode()}", error.headers["X-Release-Id"]
