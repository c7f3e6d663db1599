"""Every recipe's stack file, launched as it stands with the example app, and released again under load."""

import os
import shutil
import urllib.request
from pathlib import Path

import pytest
import yaml
from faults import record
from load import Load

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.stem for path in (ROOT / "stacks/recipes").glob("*.yaml"))
DRIVERS = "psycopg[binary]==3.3.2\npymysql==1.1.2\n"
PROGRAMS = {"apache": ("apache2",), "postgres": ("postgres",), "mysql": ("mariadbd",)}


def missing(config: dict) -> list[str]:
    """Programs that the recipe needs and this machine lacks."""
    wanted = {config.get("slipway:front", "nginx"), config.get("slipway:database", {}).get("engine")}
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    return [name for kind in wanted for name in PROGRAMS.get(kind, ()) if not shutil.which(name, path=path)]


def test_there_are_the_six_of_them():
    assert RECIPES == ["r0", "r1", "r2", "r3", "r4a", "r4b"]


@pytest.mark.family("recipes on this machine", case="r1")
@pytest.mark.parametrize("recipe", RECIPES)
def test_recipe(site, recipe):
    stack = yaml.safe_load((ROOT / f"stacks/recipes/{recipe}.yaml").read_text())
    if missing(stack["config"]):
        pytest.skip(f"not on this machine: {', '.join(missing(stack['config']))}")
    site.take_example(DRIVERS)
    stack["config"]["slipway:local"] = {"port": site.port}
    (site.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))
    site.up()
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/", timeout=10) as answer:
        server = answer.headers["Server"]
    assert server.lower() == stack["config"].get("slipway:front", "nginx")
    with Load(site.port, path="/healthz", post="/api/echo", clients=4) as load:
        site.edit("app = ", "# another release\napp = ")
        site.up()
    failures = [one for one in load.failures if not one.startswith("POST /api/echo: 200")]  # it answers with a hash, not the length
    assert failures == []
    config = stack["config"]
    kind = config["slipway:server"]
    words = f"{recipe.upper()}: {config.get('slipway:front', 'nginx')}, {kind['kind']} {kind.get('workerClass', '')}".strip()
    record("pairs", f"{words}, {config['slipway:database']['engine']}", "released again", load.sent, len(failures))


@pytest.mark.parametrize("engine", ["mysql", "postgres"])
def test_an_app_without_its_driver(site, engine):
    if missing({"slipway:database": {"engine": engine}}):
        pytest.skip(f"not on this machine: {engine}")
    site.take_example("")
    site.write_stack(app={"name": "shop", "path": "./app", "releaseCommand": "flask db upgrade"}, database={"engine": engine})
    done = site.run("up", "--yes")
    assert done.returncode == 1
    driver = {"mysql": "pymysql", "postgres": "psycopg"}[engine]
    told = f"ended with 2: ModuleNotFoundError: No module named '{driver}' (add what has it to the app's requirements)"
    assert told in done.stdout + done.stderr
    record("broken", f"{engine}: the app's requirements lack its driver", "refused; the driver is named")
