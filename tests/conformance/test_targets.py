"""What every target keeps, today's and tomorrow's: it is enough to be a file in components/targets/ with an example in stacks/."""

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cases
import pytest
from planted import PLANTED, told
from project import ROOT

from components import target
from components.deployment import Deployment, Verb, on_hosts
from components.release.ids import app_key
from ops.engine.program import SIGNATURE
from policy import check, resource_types
from policy.plan import is_secret, is_unknown

OUTPUTS = {"url", "target", "release", "addresses", "database"}
OWN = {
    **{name: {"network", "security_group", "bucket", "roles"} for name in ("aws-ec2", "alicloud-ecs")},
    "gcp-vm": {"network", "bucket", "roles"},
    "aws-beanstalk": {"environment"},
}
"""A target's own beside them."""


def test_every_target_has_an_example():
    shown = {cases.read(path).target for path in cases.stack_files()}
    assert shown == set(target.names())


@pytest.mark.parametrize("name", target.names())
def test_the_module_has_the_public_names(name):
    module = target.find(name)
    public = {one for one in vars(target.TargetModule) if not one.startswith("_")} | set(typing.get_type_hints(target.TargetModule))
    assert public == {"Options", "THIS_MACHINE", "TAKES", "Target", "needs", "deployment"}
    assert all(hasattr(module, one) for one in public)


@pytest.mark.parametrize("name", target.names())
def test_every_verb_is_defined_or_refused_in_words(name):
    # A target may import this class for its types alone.
    kind = typing.get_type_hints(target.find(name).deployment, localns=vars(on_hosts))["return"]
    verbs = set(typing.get_args(Verb))
    defined = {verb for verb in verbs if getattr(kind, verb) is not getattr(Deployment, verb)}
    assert defined == verbs - set(kind.refused)
    assert all(sentence == sentence.strip() and "\n" not in sentence for sentence in kind.refused.values())


@pytest.mark.parametrize("answered", [False, True], ids=["preview", "answered"])
def test_outputs(case, answered):
    outputs = case.recorded(answered).plan.outputs
    assert set(outputs) == OUTPUTS | OWN.get(case.target, set())
    assert outputs["target"] == case.target
    assert not any(is_secret(value) for value in outputs.values())
    if answered:
        assert not any(is_unknown(value) for value in outputs.values())


def test_every_resource_is_below_the_one_component(case):
    plan = case.recorded().plan
    roots = [one for one in plan.resources if not one.parent]
    assert [one.kind for one in roots] == ["component"]
    assert roots[0].type.startswith("slipway:target:")
    parents = {one.parent for one in plan.resources} - {""}
    assert {plan.find(urn).kind for urn in parents} == {"component"}


@pytest.mark.parametrize("answered", [False, True], ids=["preview", "answered"])
def test_the_rules_are_kept(case, answered):
    plan = case.recorded(answered).plan
    findings = check.run(plan, plan.settings.get("slipway:waivers") or ())
    assert [one for one in findings if not one.waived] == []


def test_the_tables_know_every_type(case):
    types = {one.type for one in case.recorded().plan.resources if one.kind == "resource"}
    assert [one for one in sorted(types) if resource_types.find(one) is None] == []


@pytest.mark.parametrize("answered", [False, True], ids=["preview", "answered"])
def test_secrets_are_wrapped_on_the_wire(case, answered):
    recording = case.recorded(answered)
    words = [PLANTED.format(name) for name in case.config["slipway:secretEnv"]]
    assert told(cases.text([dict(unwrapped(one.get("object", {}))) for one in recording.wire]), *words) == []
    assert told(recording.plan.model_dump_json(), *words) == []
    assert told(cases.text(recording.wire), *words), "the secrets went nowhere: this test looks at nothing"


def unwrapped(value: Any) -> Iterator[tuple[str, Any]]:
    """(place, value) of all that isn't marked as a secret."""
    if isinstance(value, dict):
        if SIGNATURE in value and "value" in value:
            return
        for name, item in value.items():
            yield from ((f"{name}.{place}", inner) for place, inner in unwrapped(item))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from ((f"{number}.{place}", inner) for place, inner in unwrapped(item))
    else:
        yield "", value


def test_an_app_that_is_given_no_key_gets_the_stacks(case):
    own, made = case.config["slipway:secretEnv"], app_key("0" * 64)
    bare = case.with_({"slipway:secretEnv": {name: value for name, value in own.items() if name != "SECRET_KEY"}}).recorded(answered=True)
    rollouts = [one for one in bare.plan.resources if one.type.endswith((":Rollout", ":Deploy"))]
    assert bool(told(cases.text(bare.wire), made)) == bool(rollouts)
    assert told(cases.text([dict(unwrapped(one.get("object", {}))) for one in bare.wire]), made) == []
    assert told(cases.text(case.recorded(answered=True).wire), made) == []


@pytest.mark.parametrize(
    ("name", "count", "goes"), [("ssh", 2, ""), ("aws-ec2-fleet", 6, ", and it goes with that server"), ("aws-ec2", 0, "")]
)
def test_folders_that_several_servers_do_not_share_are_told(name, count, goes):
    noted = cases.read(ROOT / f"stacks/{name}.yaml").with_({"slipway:app.data": ["instance"]}).recorded().plan.notes
    own = f"slipway:app.data: each of up to {count} servers has folders of its own: what one writes the others don't see{goes}"
    assert [one for one in noted if one.startswith("slipway:app.data")] == [own] * bool(count)


def test_recorded_twice_it_is_the_same(case):
    assert case.recorded().plan == case.record().plan


def test_preview_and_real_run_ask_for_the_same(case):
    """What is known in a preview is what is made; what isn't is there all the same."""
    preview, real = case.recorded().plan, case.recorded(answered=True).plan
    assert [one.urn for one in preview.resources] == [one.urn for one in real.resources]
    for before, after in zip(preview.resources, real.resources, strict=True):
        assert before.model_copy(update={"inputs": {}}) == after.model_copy(update={"inputs": {}})
        assert before.inputs.keys() == after.inputs.keys()
        assert differing(before.inputs, after.inputs) == []


def differing(before: Any, after: Any, place: str = "") -> list[str]:
    """Places that were known and became something else."""
    if is_unknown(before):
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        names = before.keys() | after.keys()
        return [one for name in sorted(names) for one in differing(before.get(name), after.get(name), f"{place}.{name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [one for number, pair in enumerate(zip(before, after, strict=True)) for one in differing(*pair, f"{place}[{number}]")]
    return [] if before == after else [place]


def test_pulumi_install_gets_what_every_target_names_and_every_provider():
    """One .venv launches every stack of the project on the CLI; `./slipway` installs the target's own file alone."""
    folder = ROOT / "requirements"
    pinned = [line for line in pins(ROOT / "requirements.txt") if line not in pins(folder / "local.in")]
    named = {line for name in target.names() if (folder / f"{name}.in").exists() for line in pins(folder / f"{name}.in")}
    providers = {"pulumi-aws", "pulumi-alicloud", "pulumi-gcp", "pulumi-docker"}
    assert named <= {*pinned, *pins(folder / "local.in")}
    assert {line.partition("==")[0] for line in pinned if line not in named} == providers - {line.partition("==")[0] for line in named}
    assert len({line.partition("==")[0] for line in pins(ROOT / "requirements.txt")}) == len(pins(ROOT / "requirements.txt"))


def pins(path: Path) -> set[str]:
    """The requirements of a file and of those that it includes."""
    lines = [line.partition(" #")[0].strip() for line in path.read_text().splitlines()]
    included = {pin for line in lines if line.startswith("-r ") for pin in pins(path.parent / line.removeprefix("-r "))}
    return included | {line for line in lines if line and not line.startswith(("#", "-"))}
