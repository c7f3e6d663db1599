"""Settings nobody wrote: whatever they are, a plan comes out that keeps the rules, or one clear refusal."""

import base64
import sys
import typing
from pathlib import Path
from typing import Any

import cases
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

sys.path.insert(0, str(Path(__file__).parents[1]))
import hostile
from planted import PLANTED, told
from speeds import examples

from components import target
from components.errors import SlipwayError
from components.settings import BOOT
from policy import check, clouds
from policy.plan import Plan

# Making a failing example smaller would take minutes: each is a plan of its own.
A_PLAN_EACH = settings(
    max_examples=examples(12, few=2),
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,10}X", fullmatch=True)
_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30) | hostile.PIECES.filter(lambda one: len(one) < 1000)
_COMMANDS = st.sampled_from(["flask clean", "sh -c 'exit 0'", 'echo "$HOME"; true', "python -m worker --name=%n"])

# None: as the stack file has it. None of these is image, size, region or store.
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "slipway:server": st.fixed_dictionaries(
        {"kind": st.sampled_from(["auto", "gunicorn", "uwsgi"])},
        optional={"workers": st.sampled_from(["auto", 1, 7]), "threads": st.integers(1, 256), "timeout": st.integers(1, 3600)},
    ),
    "slipway:front": st.sampled_from(["nginx", "apache"]),
    "slipway:http": st.fixed_dictionaries(
        {},
        optional={
            "maxBody": st.sampled_from(["20MB", 0]),
            "cors": st.just(["https://a.example"]),
            "trustedProxies": st.just(["203.0.113.0/24"]),
        },
    ),
    "slipway:app.healthPath": st.sampled_from(["/", "/healthz", "/up/%C3%A9"]),
    "slipway:app.startTimeout": st.sampled_from([1, 30, 600]),
    "slipway:app.releaseCommand": _COMMANDS,
    "slipway:app.data": st.sampled_from([["instance"], ["static/up", "logs"]]),
    "slipway:app.processes": st.dictionaries(st.sampled_from(["worker", "mailer"]), _COMMANDS),
    "slipway:app.cron": st.dictionaries(
        st.just("nightly"), st.fixed_dictionaries({"schedule": st.just("0 3 * * *"), "command": _COMMANDS})
    ),
    "slipway:app.packages": st.lists(st.sampled_from(["libpq5", "libmagic1", "g++"]), unique=True),
    "slipway:app.built": st.just(["no/such/folder"]),
    "slipway:app.env": st.dictionaries(_NAMES, _WORDS, max_size=3),
}


@st.composite
def changes(draw: st.DrawFn, case: cases.Case) -> dict[str, Any]:
    """Some settings with other values, those of the target among them, but none that boot data may depend on."""
    made = {path: draw(values) for path, values in SETTINGS.items() if draw(st.booleans())}
    for key, served in target.find(case.target).TAKES.items():  # a target that takes few of them would refuse each draw
        section, _, name = key.partition(".")
        for place, one in ((made, f"slipway:{key}"), (made.get(f"slipway:{section}", {}), name)):
            if isinstance(place, dict) and one in place and served is not True and not (served and place[one] in served):
                del place[one]
    return made | {path: draw(st.sampled_from(values)) for path, values in option_values(case).items() if draw(st.booleans())}


def option_values(case: cases.Case) -> dict[str, list[Any]]:
    """For each option of the target that isn't marked BOOT: values it takes beside those that the case has."""
    model, given = target.find(case.target).Options, case.config.get(f"slipway:{case.target}", {})
    found = {}
    for name, field in model.model_fields.items():
        if field.json_schema_extra != BOOT:
            key = field.alias or name
            found[f"slipway:{case.target}.{key}"] = [one for one in candidates(field) if taken(model, {**given, key: one})]
    return {key: values for key, values in found.items() if values}


def candidates(field: Any) -> list[Any]:
    """Values of the option's type beside its default."""
    if typing.get_origin(field.annotation) is typing.Literal:
        return list(typing.get_args(field.annotation))
    if field.annotation is bool:
        return [True, False]
    if isinstance(field.default, BaseModel):
        return nested(field.default)
    return [field.default, *(field.default + step for step in (1, 10, 100) if field.annotation is int)]


def nested(section: BaseModel) -> list[Any]:
    """The section as it is, then with each of its values changed."""
    given = section.model_dump(by_alias=True, mode="json")
    fields = type(section).model_fields.items()
    return [given, *({**given, field.alias or name: one} for name, field in fields for one in candidates(field))]


def taken(model: Any, values: Any) -> bool:
    """Whether the options take it."""
    try:
        model.model_validate(values)
    except ValidationError:
        return False
    return True


def plan_or_none(case: cases.Case, answered: bool = False) -> Plan | None:
    """The plan, or None where the settings are refused, in words."""
    try:
        return case.record(answered).plan
    except SlipwayError as error:
        said = str(error)
    assert "Traceback" not in said
    assert len(said.splitlines()) < 20
    return None


PLATFORMS = {"aws:elasticbeanstalk/environment:Environment"}
"""What boots its servers from data of its own."""


def boot_data(plan: Plan) -> dict[str, str]:
    """What each server of a plan boots from, whole."""
    return {one.at.urn: plain(one.value) for one in clouds.gather(plan).user_data}


def plain(value: Any) -> str:
    """As the server reads it: templates have it in base64."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError):
        return cases.text(value)


@A_PLAN_EACH
@given(st.data())
def test_generated_settings(case, data):
    changed = case.with_(data.draw(changes(case)))
    plan = plan_or_none(changed)
    assume(plan is not None)
    assert plan
    findings = [one for one in check.run(plan, plan.settings.get("slipway:waivers") or ()) if not one.waived]
    assert findings == []
    assert told(plan.model_dump_json(), *(PLANTED.format(name) for name in case.config["slipway:secretEnv"])) == []


@A_PLAN_EACH
@given(st.data())
def test_boot_data_stays_the_same(case, data):
    """Whatever isn't image, size, region or store travels in the release: user-data that changes replaces servers, or is never applied."""
    before, after = case.recorded(answered=True).plan, plan_or_none(case.with_(data.draw(changes(case))), answered=True)
    assume(after is not None)
    assert after
    assert boot_data(before) == boot_data(after)


def test_boot_data_is_looked_at(case):
    """A target with servers has some: else the test above compares nothing."""
    plan = case.recorded(answered=True).plan
    assert {one.urn for one in plan.resources if one.kind == "resource" and "userData" in one.inputs} <= boot_data(plan).keys()
    templates = {one.urn for one in plan.resources if one.type.lower().endswith("template")}  # of a group that replaces its servers
    hosts = [one for one in clouds.gather(plan).hosts if one.at.type not in PLATFORMS]
    made_from = [host.started_from or templates.intersection(host.at.depends_on) or (host.at.urn,) for host in hosts]
    assert boot_data(plan).keys() == {urn for urns in made_from for urn in urns}


@pytest.mark.parametrize("path", ["slipway:app.name"])
def test_boot_data_knows_its_name(path, case):
    """The other way round: what boot data holds shows in it."""
    plan = case.with_({path: "another"}).record(answered=True).plan
    assert all("another" in data for data in boot_data(plan).values())
