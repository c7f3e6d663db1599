"""What is asked for on Heroku, exactly, in a plan and in a run; and settings that it can't serve, a line each."""

import json

import cases
import pytest
from cases import ROOT

from components import settings, target
from components.errors import SlipwayError, UsageError
from policy import check

CASE = cases.read(ROOT / "stacks/heroku.yaml")
SECTION = "slipway:heroku"
NAME = "a name of 3 to 30 small letters, digits and hyphens, a letter first"


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("answered", [False, True], ids=["preview", "real"])
def test_exactly_this_is_made(answered):
    plan = CASE.recorded(answered).plan
    made = [(one.type.rpartition(":")[2], one.name) for one in plan.resources if one.kind == "resource"]
    assert made == [("RandomSecret", "showcase-key"), ("PlatformApp", "showcase-app"), ("Deploy", "showcase-deploy")]
    app = next(one for one in plan.resources if one.name == "showcase-app")
    assert app.depends_on == (next(one.urn for one in plan.resources if one.name == "showcase-key"),)
    assert json.loads(app.inputs["facts"]) == {
        "platform": "heroku",
        "host": "slipway-showcase",
        "owner": "slipway/dev",
        "region": "eu",
        "stack": "heroku-26",
        "domain": None,
        "keep": True,
        "plan": "heroku-postgresql:essential-0",
        "formation": {"web": {"quantity": 2, "size": "standard-1x"}},
    }
    deploy = next(one for one in plan.resources if one.name == "showcase-deploy")
    health = json.loads(deploy.inputs["bundle"])["health"]
    assert health == {"host": "", "path": "/healthz", "scheme": "https", "timeout": 210}  # preboot takes up to 180 of them
    assert check.run(plan) == ()


@pytest.mark.parametrize(("size", "told"), [("eco", True), ("basic", True), ("standard-1x", False), ("performance-m", False)])
def test_a_gap_is_told_of(size, told):
    notes = CASE.with_({f"{SECTION}.dynos": {"web": size}}).recorded().plan.notes
    sentence = f"slipway:heroku.dynos: a {size} dyno ends before the next one starts: seconds without answer at each release"
    assert (sentence in notes) == told


def test_the_secret_is_in_no_facts():
    wire = CASE.recorded(answered=True).wire
    facts = [one["object"]["facts"] for one in wire if one["name"] == "showcase-app"]
    assert [one for one in facts if "planted" in json.dumps(one).lower()] == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slipway:server": {"timeout": 31}}, "slipway:server.timeout: wanted at most 30, when Heroku's router gives up, found 31; set it"),
        (
            {"slipway:database": {"engine": "postgres", "placement": "managed", "extensions": ["citext"]}},
            "slipway:database.extensions: wanted nothing, found a list; the target heroku serves none; leave it out",
        ),
        (
            {f"{SECTION}.quantities": {"worker": 2}},
            "slipway:heroku.dynos: wanted web, or a name of slipway:app.processes, found 'worker'; leave it out",
        ),
        ({f"{SECTION}.name": "ab"}, f"slipway:heroku.name: wanted {NAME}, found 'ab'"),
        ({f"{SECTION}.name": "a" * 31}, f"slipway:heroku.name: wanted {NAME}, found 'aaa"),
        ({f"{SECTION}.region": "asia"}, "slipway:heroku.region: wanted us or eu, found 'asia'"),
        ({f"{SECTION}.dynos": {"web": "free"}}, "slipway:heroku.dynos.web: wanted eco, basic, standard-1x"),
        ({f"{SECTION}.database": "x:y"}, "slipway:heroku.database: wanted a name of small letters, digits and hyphens, a letter first"),
    ],
)  # fmt: skip
def test_settings_that_are_wrong(changes, told):
    with pytest.raises(SlipwayError) as error:
        CASE.with_(changes).record()
    (line,) = [one for one in str(error.value).splitlines() if "slipway:" in one]
    assert told in line


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"database": {"engine": "mysql", "placement": "managed"}}, "slipway:database.engine: wanted none or postgres, found 'mysql'"),
        ({"database": {"engine": "postgres"}}, "slipway:database.placement: wanted managed or external, found 'same-host'"),
        ({"server": {"kind": "uwsgi"}}, "slipway:server.kind: wanted auto or gunicorn, found 'uwsgi'"),
        ({"front": "apache"}, "slipway:front: wanted nothing, found 'apache'"),
    ],
)
def test_what_heroku_does_not_serve(section, told):
    raw = {"target": "heroku", "app": {"name": "shop", "path": "."}, **section}
    with pytest.raises(UsageError) as error:
        target.chosen(settings.parse({f"slipway:{key}": value for key, value in raw.items()}, (), "dev"))
    assert told in str(error.value)
