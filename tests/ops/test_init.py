"""init: the stack file of an app, from what its folder holds."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from ops.commands import init

Tree = dict[str, str]


def grow(folder: Path, tree: Tree) -> Path:
    for name, text in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


FLASK: Tree = {
    "wsgi.py": "from shop import create_app\napp = create_app()\n",
    "shop/__init__.py": "@app.get('/health')\ndef h(): ...\nos.environ['DATABASE_URL']\n",
    "shop/static/site.css": "",
    "migrations/env.py": "",
    "requirements.txt": "Flask==3\nFlask-Migrate==4\n",
    "tests/test_it.py": "client.get('/healthz')\n",
}
DJANGO: Tree = {
    "manage.py": "import django\n",
    "site1/wsgi.py": "application = get_wsgi_application()\n",
    "site1/urls.py": "urlpatterns = [path('up/', up)]\n",
}


@pytest.mark.parametrize(
    ("tree", "module", "facts"),
    [
        (FLASK, "wsgi:app", ("shop/static", "flask db upgrade", "/health", "sqlite")),
        (DJANGO, "site1.wsgi:application", (None, "python manage.py migrate", "/up/", "none")),
        ({"app.py": "app = 1\n"}, "app:app", (None, None, "/", "none")),
        (
            {"app.py": "@r.get('/ping')\n@r.route('/healthz')\ndef x(): ...\n", "static/a": ""},
            "app:app",
            ("static", None, "/healthz", "none"),
        ),
        ({"src/shop/web.py": "", "src/shop/static/a": ""}, "shop.web:app", ("src/shop/static", None, "/", "none")),
        ({"pkg/web.py": "", "pkg/static/a": "", "static/b": ""}, "pkg.web:app", ("pkg/static", None, "/", "none")),
        ({"app.py": "", "venv/x.py": "path('/up')", ".tox/x.py": "path('/up')"}, "app:app", (None, None, "/", "none")),
        ({"app.py": "", "migrations/env.py": ""}, "app:app", (None, None, "/", "none")),
        ({"app.py": "", "requirements.txt": "flask-migrate"}, "app:app", (None, None, "/", "none")),
        ({"app.py": "@a.route('/healthz/')\ndef x(): ..."}, "app:app", (None, None, "/healthz/", "none")),
        ({"a/b.py": "", "a/static/x": ""}, "a/b:app", ("a/static", None, "/", "none")),
    ],
)
def test_facts(tmp_path, tree, module, facts):
    static, migrate, health, engine = facts
    wanted = {"static": static and {"/static": static}, "releaseCommand": migrate, "healthPath": health, "database.engine": engine}
    found = init.facts_of(grow(tmp_path, tree), module, tree.get("requirements.txt", ""))
    assert {fact.key: fact.value for fact in found if fact.key} == {key: value for key, value in wanted.items() if value}


@pytest.mark.parametrize(
    "case", yaml.safe_load(Path(__file__).with_name("app_facts.yaml").read_text()), ids=lambda case: str(case["files"])[:60]
)
def test_what_the_files_of_an_app_tell(tmp_path, case):
    facts = init.facts_of(grow(tmp_path, case["files"]), "app:app", case["files"].get("requirements.txt", ""))
    assert {fact.key: fact.value for fact in facts if fact.key and fact.value not in ("/", "none")} == case["facts"]
    said = "\n".join(fact.why for fact in facts)
    assert [words for words in case.get("said", ()) if words not in said] == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [("My_App", "my-app"), ("shop", "shop"), ("2048 game", "game"), ("--", "app"), ("a" * 40, "a" * 30), ("ünï", "n")],
)
def test_app_names(folder, name):
    assert init.app_name(Path("/x") / folder) == name


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder; `find_app` answers without looking."""
    folder = grow(tmp_path / "deploy", {"Pulumi.yaml": "name: slipway\n"})
    grow(tmp_path / "shop", FLASK)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SLIPWAY_STACK", raising=False)
    monkeypatch.setenv("SLIPWAY_CWD", str(folder))
    found: Callable[..., SimpleNamespace] = lambda folder, module: SimpleNamespace(  # noqa: E731
        folder=folder, module=module or "wsgi:app", requirements="Flask-Migrate==4", sentences=("module wsgi:app",)
    )
    monkeypatch.setattr(init, "find_app", found)
    return folder


def read(project: Path, stack: str = "dev") -> dict:
    return yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text())


def test_init_writes_the_stack_file_and_says_what_it_found(project, slipway):
    done = slipway("init", "../shop")
    assert done.exit_code == 0
    assert read(project) == {
        "config": {
            "slipway:target": "local",
            "slipway:app": {
                "name": "shop",
                "path": "../shop",
                "module": "wsgi:app",
                "healthPath": "/health",
                "static": {"/static": "shop/static"},
                "releaseCommand": "flask db upgrade",
            },
            "slipway:database": {"engine": "sqlite"},
        }
    }
    assert done.stdout.splitlines() == [
        f"Found in {project.parent}/shop:",
        "  module wsgi:app",
        "  static files in shop/static, served at /static",
        "  release command `flask db upgrade`, as Flask-Migrate has migrations",
        "  health is asked at /health (shop/__init__.py)",
        "  SQLite, as the sources read DATABASE_URL",
        "Wrote Pulumi.dev.yaml; the project is called shop now. Next: ./slipway up",
    ]


def test_json_says_the_same(project, slipway):
    grow(project.parent / "shop", {"config.py": "SECRET_KEY = 'dev'\n"})
    told = json.loads(slipway("init", "../shop", "--json").stdout)
    assert (told["module"], told["file"], told["next"]) == ("wsgi:app", "Pulumi.dev.yaml", "./slipway up")
    assert {fact["key"]: fact["value"] for fact in told["facts"]}["healthPath"] == "/health"
    assert [line.partition(":")[0] for line in told["warnings"]] == ["config.py"]


def test_the_stack_file_says_why(project, slipway):
    grow(project.parent / "shop", {"config.py": "UPLOAD_FOLDER = 'uploads'\nSECRET_KEY = 'dev'\n"})
    done = slipway("init", "../shop")
    text = (project / "Pulumi.dev.yaml").read_text()
    assert "    # health is asked at /health (shop/__init__.py)\n    healthPath: /health\n" in text
    assert "outlives releases: uploads (config.py)\n    data:\n" in text
    assert read(project)["config"]["slipway:app"]["data"] == ["uploads"]
    assert "  warning: config.py: SECRET_KEY is in the sources" in done.stdout


OURS = "name: slipway # of the clone\n"


@pytest.mark.parametrize(
    ("tree", "name"),
    [
        ({"Pulumi.dev.yaml": "config:\n  slipway:target: local\n"}, "shop"),
        ({"Pulumi.yaml": OURS, "Pulumi.prod.yaml": "config:\n  slipway:target: aws-ec2\n"}, "slipway"),
        ({".slipway/dev/state.json": "{}"}, "slipway"),
        ({"Pulumi.yaml": "name: mine\nruntime: python\n"}, "mine"),
    ],
)
def test_init_names_the_project_after_the_app_unless_it_was_named_or_launched(project, slipway, tree, name):
    grow(project, tree)
    slipway("-s", "test", "init", "../shop")
    assert yaml.safe_load((project / "Pulumi.yaml").read_text())["name"] == name


def test_paths_count_from_where_the_user_is(project, slipway, monkeypatch):
    monkeypatch.setenv("SLIPWAY_CWD", str(project.parent))
    assert slipway("-s", "prod", "init", "shop").stdout.endswith("Next: ./slipway -s prod up\n")
    monkeypatch.setenv("SLIPWAY_CWD", str(project.parent / "shop"))
    assert slipway("init", "-m", "run:app").exit_code == 0
    assert read(project, "prod")["config"]["slipway:app"]["path"] == "../shop"
    assert read(project)["config"]["slipway:app"]["path"] == "../shop"
    assert read(project)["config"]["slipway:app"]["module"] == "run:app"


def test_an_app_inside_the_project(project, slipway):
    grow(project / "app", {"wsgi.py": ""})
    assert slipway("init").exit_code == 0
    assert read(project)["config"]["slipway:app"]["path"] == "./app"


def test_a_second_init_has_nothing_to_do(project, slipway):
    slipway("init", "../shop")
    (project / "Pulumi.dev.yaml").write_text((project / "Pulumi.dev.yaml").read_text() + "# mine\n")
    assert slipway("init", "../shop").stdout.startswith("Nothing to do: Pulumi.dev.yaml is for this app already")
    assert "# mine" in (project / "Pulumi.dev.yaml").read_text()


OTHER = "# mine\nencryptionsalt: v1:abc\nconfig:\n  slipway:app: {path: ./app}\n  slipway:domain: a.example\n"


@pytest.mark.parametrize("words", [["init", "../shop"], ["init", "../shop", "-s", "dev"]])
def test_another_apps_file_is_never_overwritten_unasked(project, slipway, words):
    (project / "Pulumi.dev.yaml").write_text(OTHER)
    done = slipway(*words)
    assert (done.exit_code, (project / "Pulumi.dev.yaml").read_text()) == (2, OTHER)
    assert "exists already" in done.stderr


def test_yes_keeps_what_init_does_not_know(project, slipway):
    (project / "Pulumi.dev.yaml").write_text(OTHER)
    assert slipway("init", "../shop", "-y").exit_code == 0
    written = read(project)
    assert (written["encryptionsalt"], written["config"]["slipway:domain"]) == ("v1:abc", "a.example")
    assert written["config"]["slipway:app"]["path"] == "../shop"
    assert (project / "Pulumi.dev.yaml").read_text().startswith("# mine\n")


def test_a_missing_folder_and_a_broken_file_are_usage(project, slipway):
    assert slipway("init", "nowhere").exit_code == 2
    (project / "Pulumi.dev.yaml").write_text("a: [")
    assert slipway("init", "../shop").exit_code == 2
    (project / "Pulumi.dev.yaml").write_text("config:\n  a: 1\n  a: 2\n")
    assert slipway("init", "../shop", "--yes").exit_code == 2
