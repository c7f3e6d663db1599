"""The example app and published ones, built for real on the Heroku of this machine: their requirements are installed by uv."""

import shutil

import pytest
from heroku_shop import ROOT

pytestmark = pytest.mark.launch

ISSO = """
import pathlib
from isso import config, make_app
ini = pathlib.Path("isso.ini")
settings = config.load(config.default_file(), str(ini))
app = make_app(settings, threading=True)
"""
PUBLISHED = {
    # what is required and the app -> a page, and words that it has
    "httpbin": ({"requirements.txt": "httpbin==0.10.4\n", "wsgi.py": "from httpbin import app\n"}, "/ip", '"origin"'),
    "pypiserver": (
        {
            "requirements.txt": "pypiserver==2.4.2\n",
            "wsgi.py": "import pypiserver\napp = pypiserver.app(roots=['packages'])\n",
            "packages/.keep": "",
        },
        "/",
        "Welcome to pypiserver",
    ),
    "isso": (
        {
            "requirements.txt": "isso==0.14.0\nsetuptools<81\n",
            "wsgi.py": ISSO,
            "isso.ini": "[general]\ndbpath = /tmp/{}.db\nhost = http://localhost/\n",
        },
        "/info",
        '"version"',
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_app(shop, heroku, tmp_path, name):
    files, page, words = PUBLISHED[name]
    heroku.installs = True
    for path, text in files.items():
        (shop.folder / path).parent.mkdir(exist_ok=True)
        (shop.folder / path).write_text(text.replace("/tmp/{}.db", str(tmp_path / "isso.db")))
    shop.config(app={"env": {}, "healthPath": page, "startTimeout": 60})
    shop.up()
    said, release = shop.get(page)
    assert words in said
    assert release in shop.run("status")


@pytest.mark.family("Heroku")
def test_the_example_app(shop, heroku, tmp_path):
    """Its migrations by the release command, its static files, then a broken release beside it."""
    heroku.installs = True
    shutil.copytree(ROOT / "app", shop.folder / "app")
    app = {
        "name": "showcase", "path": "./app", "module": None, "env": {}, "healthPath": "/healthz", "startTimeout": 60,
        "static": {"/static": "showcase/static"}, "releaseCommand": "flask db upgrade",
    }  # fmt: skip
    shop.config(app={key: value for key, value in app.items() if value is not None})
    shop.run("config", "set", "--secret", "--path", "slipway:secretEnv.DATABASE_URL", f"sqlite:///{tmp_path}/showcase.db")
    said = shop.up()
    assert "Running upgrade" in said
    old = shop.get("/healthz")
    assert old[1] in shop.run("status")
    (file, *_) = sorted((ROOT / "app/showcase/static").rglob("*.css"))
    at = file.relative_to(ROOT / "app/showcase/static")
    assert shop.get(f"/static/{at}") == (file.read_text(), old[1])
    (shop.folder / "app/requirements.txt").write_text("flask==3.1.3\nno-such-package-anywhere-at-all==1\n")
    assert f"release {old[1]} still serves" in shop.up(code=1)
    assert shop.get("/healthz") == old
