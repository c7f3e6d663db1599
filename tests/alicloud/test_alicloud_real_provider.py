"""The real provider says yes to every stack, as far as it can say so without the cloud: validated and planned, with nothing to warn of.

Not checked, for want of anybody who answers:

* look-ups: their arguments are validated, but their answers are made up (alicloud_provider.py);
* what the provider finds out as it makes a thing: an instance type, a disk's category, an RDS class or version that its zone hasn't got,
  a certificate, a zone of DNS or an image that isn't there, a quota, a name that somebody has, rights;
* texts in a language of the cloud's own: RAM's and OSS's policies, boot data, an alarm's metric and dimensions;
* whatever is free text to this provider, though the cloud knows a few words only: a scaling rule's metric, health checks of a group, RDS
  engines, versions and character sets, most names;
* the provider's own block (region, profile), and Pulumi's bridge from its library to this provider;
* a second `up` that finds nothing to change, what changes in place, and whether any of it works, or can be removed: nothing is made.
"""

import json
import re
from typing import Any

import cases
import pytest
from alicloud_provider import ALICLOUD, BLOCK
from cases import ROOT
from clouds import terraform as terraforms
from clouds.configuration import joined, written
from clouds.recording import record

from ops.stack.project import Project

FOLDERS = ("stacks", "tests/alicloud/stacks")
OWN = "slipway:alicloud-ecs"
LONGEST = "a" * 31  # what an app may be called
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "long-fleet": ("fleet", {"slipway:app.name": LONGEST}),
    "long-managed": ("managed-mysql", {"slipway:app.name": LONGEST, "slipway:keepData": False}),
    "long-database": ("own-postgres", {"slipway:app.name": LONGEST, "slipway:keepData": False}),
    "large-fleet": ("fleet", {f"{OWN}.instances": {"min": 1, "max": 100}, f"{OWN}.disk": 16384, f"{OWN}.database.disk": 16384}),
    "large-server": ("data-disk", {f"{OWN}.disk": 16384, f"{OWN}.dataDisk": 16384}),
    "large-managed": ("managed-mysql", {f"{OWN}.database.disk": 16384}),
    "postgres": ("managed-mysql", {"slipway:database.engine": "postgres", f"{OWN}.database.instanceClass": "pg.n2.2c.1m"}),
    "slow": ("fleet", {f"{OWN}.network": {"nat": True}, "slipway:server.timeout": 590}),
}
"""Stacks that are asked otherwise."""
IGNORED = 'lifecycle.ignore_changes: warning: Deprecated attribute The attribute "acl"'
"""Terraform's alone: a bucket's ACL is a resource of its own, and not to be looked at in the bucket."""
PLAN = ("-input=false", "-refresh=false", "-out=made.plan")
REFERENCE = re.compile(r"(?<!\$)\$\{[^}]*}")
KINDS = {"string": (str,), "bool": (bool,), "number": (int, float)}
HEALTH = {"health_check_enabled": True, "health_check_method": "FETCH"}
MISTAKES = {
    "unknown": (
        "alicloud_vpc",
        {"frobnicate": True},
        'error: Extraneous JSON object property No argument or block type is named "frobnicate"',
    ),
    "missing": ("alicloud_oss_bucket_policy", {"policy": None}, 'error: "policy": required field is not set'),
    "enum": ("alicloud_security_group", {"inner_access_policy": "Sometimes"}, "error: expected inner_access_policy to be one of"),
    "nested": (
        "alicloud_alb_server_group",
        {"health_check_config": [HEALTH]},
        "error: expected health_check_config.0.health_check_method to be",
    ),
    "conflict": (
        "alicloud_security_group_rule",
        {"source_security_group_id": "sg-1"},
        'error: "source_security_group_id": conflicts with cidr_ip',
    ),
    "deprecated": ("alicloud_vpc", {"name": "shop", "vpc_name": None}, 'warning: "name": [DEPRECATED]'),
    "lookup": ("data.alicloud_zones", {"available_disk_category": "cloud_floppy"}, "error: expected available_disk_category to be one of"),
}
"""Each in one resource of its own: the type, its arguments, and what is told."""
pytestmark = [pytest.mark.cost, pytest.mark.skipif(bool(terraforms.missing(ALICLOUD)), reason=terraforms.missing(ALICLOUD))]


def stacks():
    """Every stack file's, and those."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.yaml")) if "alicloud-ecs" in path.read_text()]
    found = {path.stem: cases.read(path) for path in paths}
    return {**found, **{name: found[stack].with_(changes) for name, (stack, changes) in VARIANTS.items()}}


@pytest.fixture(scope="module")
def terraform(tmp_path_factory):
    with terraforms.overridden(ALICLOUD, tmp_path_factory.mktemp("alicloud") / "terraform") as made:
        yield made


@pytest.fixture(scope="module")
def schema(terraform):
    return terraform.schema()


def _configured(terraform, given):
    terraform.configure({"provider": {ALICLOUD.called: BLOCK}, **given})
    return terraform


def _recorded(names, schema):
    project, found = Project("slipway", ROOT), stacks()
    return joined(written(record(name, project, found[name].config, schema), schema) for name in names)


def _mistyped(given, fields, where):
    """Arguments of another kind than the provider's schema has, which Terraform would turn into that."""
    for name, value in given.items():
        field = fields.get(name)
        if field is None or value is None:  # one of Terraform's own
            continue
        if field.below:
            for one in value if isinstance(value, list) else [value]:
                yield from _mistyped(one, field.below, f"{where}.{name}")
        elif type(value) not in KINDS.get(field.kind, (type(value),)):
            yield f"{where}.{name}: wanted a {field.kind}, found {value!r}"


def _suppressed(given, planned, where):
    """Arguments that the provider passes over without a word, as others are so, or changes."""
    for name, value in given.items():
        found = planned.get(name)
        if value is None or name in ("depends_on", "lifecycle") or value == found:
            continue
        if isinstance(value, list) and isinstance(found, list) and len(value) == len(found):
            if isinstance(value[0], dict):  # a set's order is another one
                for one in value:
                    yield from min(([*_suppressed(one, other, f"{where}.{name}")] for other in found), key=len)
                continue
            value, found = sorted(value), sorted(found)
        if isinstance(value, str):
            value = value.replace("$${", "${").replace("%%{", "%{")
        if value != found:
            yield f"{where}.{name}: {value!r} was given, {found!r} is planned"


def test_every_stack_is_valid_and_can_be_planned(terraform, schema):
    given = _recorded(stacks(), schema)
    assert REFERENCE.findall(json.dumps(given["resource"])) == [], "say in the provider's table what these look like"
    bodies = [(type, label, body) for type, labelled in given["resource"].items() for label, body in labelled.items()]
    assert [one for type, label, body in bodies for one in _mistyped(body, schema.fields(type), f"{type}.{label}")] == []
    assert [one for one in _configured(terraform, given).problems("validate") if IGNORED not in one] == []
    # Nobody answers look-ups; what they would have said stands in the resources already.
    without = _configured(terraform, {"resource": given["resource"]})
    assert [one for one in without.problems("plan", *PLAN) if IGNORED not in one] == []
    planned = json.loads(without("show", "-json", "made.plan"))["resource_changes"]
    assert {one["address"]: one["change"]["actions"] for one in planned} == {f"{type}.{label}": ["create"] for type, label, _ in bodies}
    after = {one["address"]: one["change"]["after"] for one in planned}
    where = [(f"{type}.{label}", body) for type, label, body in bodies]
    assert [one for address, body in where for one in _suppressed(body, after[address], address)] == []


def _mistaken(right, type, changes, label):
    """One resource or look-up of that type, changed."""
    kind, _, called = type.rpartition(".")
    body = {**next(iter(right[kind or "resource"][called].values())), **changes}
    return {kind or "resource": {called: {label: {name: value for name, value in body.items() if name != "depends_on"}}}}


def test_mistakes_are_found(terraform, schema):
    """A test of the test."""
    right = _recorded(["fleet", "small"], schema)
    wrong = [_mistaken(right, type, changes, name) for name, (type, changes, _) in MISTAKES.items()]
    found = _configured(terraform, joined(wrong)).problems("validate")
    missed = [name for name, (type, _, told) in MISTAKES.items() if not any(f"{type}.{name}: {told}" in one for one in found)]
    assert (missed, len(found)) == ([], len(MISTAKES)), found
    planned = _configured(terraform, _mistaken(right, "alicloud_alb_server_group", {"server_group_type": "Fc"}, "fc"))
    assert planned.problems("validate") == []
    assert planned.problems("plan", *PLAN) == ["alicloud_alb_server_group.fc: error: fc server group type do not support vpc_id"]


def test_an_argument_that_the_provider_passes_over_is_found(terraform, schema):
    given = _mistaken(_recorded(["managed-mysql"], schema), "alicloud_db_instance", {"storage_auto_scale": None}, "still")
    planned = _configured(terraform, given)
    assert planned.problems("plan", *PLAN) == []
    (one,) = json.loads(planned("show", "-json", "made.plan"))["resource_changes"]
    found = sorted(_suppressed(given["resource"]["alicloud_db_instance"]["still"], one["change"]["after"], "still"))
    assert found == [f"still.{name} was given, None is planned" for name in ("storage_threshold: 10", "storage_upper_bound: 120")]
