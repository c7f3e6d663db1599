"""Two plans compared: what is added, altered, replaced, removed; and that nothing is where nothing differs."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import ATTACHMENT, DATABASE, EIP, GROUP, INSTANCE, RULE, VOLUME, of, plan, resource
from test_places import JSON

from ops.plan.compare import compare
from policy.plan import SECRET, Plan, Resource


def changed(old, new):
    """Name of each changed resource to (op, {path: replaces})."""
    found = compare("base", old, new)
    return {one.name: (one.op, {place.path: place.replaces for place in one.properties}) for one in found.resources}


def altered(before, after, type=INSTANCE, **options):
    """The one change of a resource whose inputs become others."""
    return changed(plan(resource(type, inputs=before)), plan(resource(type, inputs=after, **options))).get("it")


@pytest.mark.parametrize(
    ("type", "before", "after", "expected"),
    [
        (INSTANCE, {"instanceType": "a"}, {"instanceType": "b"}, ("alter", {"instanceType": False})),
        (INSTANCE, {"ami": "a"}, {"ami": "b"}, ("replace", {"ami": True})),
        (INSTANCE, {"userData": "a\nb"}, {"userData": "a\nc"}, ("alter", {"userData": False})),
        (INSTANCE, {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, ("alter", {"tags.a": False})),
        (
            INSTANCE,
            {"rootBlockDevice": {"volumeSize": 1}},
            {"rootBlockDevice": {"volumeSize": 2}},
            ("alter", {"rootBlockDevice.volumeSize": False}),
        ),
        (
            INSTANCE,
            {"rootBlockDevice": {"encrypted": True}},
            {"rootBlockDevice": {"encrypted": False}},
            ("replace", {"rootBlockDevice.encrypted": True}),
        ),
        (INSTANCE, {}, {"rootBlockDevice": {"encrypted": True}}, ("replace", {"rootBlockDevice": True})),
        (INSTANCE, {}, {"rootBlockDevice": {"volumeSize": 1}}, ("alter", {"rootBlockDevice": False})),
        (INSTANCE, {"rootBlockDevice": {"volumeSize": 1}}, {"rootBlockDevice": {SECRET: ""}}, ("may-replace", {"rootBlockDevice": None})),
        (INSTANCE, {"securityGroups": ["a"]}, {"securityGroups": ["a", "b"]}, ("replace", {"securityGroups[1]": True})),
        (
            INSTANCE,
            {"ebsBlockDevices": [{"deviceName": "a"}]},
            {"ebsBlockDevices": [{"deviceName": "a"}, {"deviceName": "b"}]},
            ("replace", {"ebsBlockDevices[1]": True}),
        ),
        (DATABASE, {"allocatedStorage": 20}, {"allocatedStorage": 40}, ("alter", {"allocatedStorage": False})),
        (DATABASE, {"engine": "mysql"}, {"engine": "postgres"}, ("replace", {"engine": True})),
        (DATABASE, {"password": {SECRET: "1"}}, {"password": {SECRET: "2"}}, ("alter", {"password": False})),
        (GROUP, {"ingress": [{"fromPort": 80}]}, {"ingress": [{"fromPort": 81}]}, ("alter", {"ingress[0].fromPort": False})),
        ("made:up:Type", {"a": 1}, {"a": 2}, ("may-replace", {"a": None})),
        ("pulumi:providers:aws", {"region": "a"}, {"region": "b"}, ("may-replace", {"region": None})),
        (
            "gcp:compute/instance:Instance",
            {"bootDisk": {"autoDelete": True}},
            {"bootDisk": {"autoDelete": False}},
            ("may-replace", {"bootDisk.autoDelete": None}),
        ),
        (
            "gcp:compute/instance:Instance",
            {"networkInterfaces": []},
            {"networkInterfaces": [{"a": 1}]},
            ("replace", {"networkInterfaces[0]": True}),
        ),
        (
            "docker:index/container:Container",
            {"ports": [{"internal": 80}]},
            {"ports": [{"internal": 81}]},
            ("replace", {"ports[0].internal": True}),
        ),
        (
            "aws:iam/role:Role",
            {"assumeRolePolicy": '{"Statement": [{"Action": "a"}]}'},
            {"assumeRolePolicy": '{"Statement": [{"Action": "b"}]}'},
            ("alter", {"assumeRolePolicy.Statement[0].Action": False}),
        ),
        ("pulumi-python:dynamic/slipway:Rollout", {"release": "a"}, {"release": "b"}, ("alter", {"release": False})),
    ],
)
def test_a_property(type, before, after, expected):
    assert altered(before, after, type) == expected


def test_what_is_ignored_is_no_change():
    assert altered({"ami": "a"}, {"ami": "b"}, ignore_changes=("ami",))[1] == {"ignoreChanges": False}
    before, after = ({"ami": value, "tags": {"x": value, "y": value}} for value in "ab")
    ignoring = [plan(resource(INSTANCE, inputs=inputs, ignore_changes=("ami", 'tags["x"]'))) for inputs in (before, after)]
    assert changed(*ignoring) == {"it": ("alter", {"tags.y": False})}
    deeper = [
        one.model_copy(update={"resources": (one.resources[0].model_copy(update={"ignore_changes": ("ami", "tags.x.z", "tags.y")}),)})
        for one in ignoring
    ]
    assert changed(*deeper) == {"it": ("alter", {"tags.x": False})}
    ignoring = [plan(resource(INSTANCE, inputs=inputs, ignore_changes=("ami", "tags.*"))) for inputs in (before, after)]
    assert changed(*ignoring) == {}


def test_options():
    before = plan(resource(GROUP, protect=True, retain=True, depends_on=("a", "b")))
    after = plan(resource(GROUP, depends_on=("b", "a"), delete_before_replace=True, ignore_changes=("x",), provider="p", parent="q"))
    paths = ["protect", "retainOnDelete", "deleteBeforeReplace", "provider", "parent", "ignoreChanges"]
    assert changed(before, after) == {"it": ("may-replace", dict.fromkeys(paths, False) | {"provider": None})}


@pytest.mark.parametrize("kind", ["component", "existing"])
def test_what_is_not_made_is_not_replaced(kind):
    before, after = (plan(resource(INSTANCE, kind=kind, inputs={"ami": value})) for value in "ab")
    assert changed(before, after) == {"it": ("alter", {"ami": False})}


def test_another_type_name_or_kind_is_another_resource():
    before = plan(resource(GROUP, "a"), resource(INSTANCE, "c"))
    after = plan(resource(GROUP, "b"), resource(INSTANCE, "c", kind="existing"))
    found = [(one.op, one.name) for one in compare("base", before, after).resources]
    assert found == [("add", "b"), ("add", "c"), ("remove", "c"), ("remove", "a")]


def test_settings():
    before = plan(app_name="a", secretEnv_KEY={SECRET: "1"}, waivers=[{"rule": "x", "reason": "y"}], front="nginx")
    after = plan(app_name="b", secretEnv_KEY={SECRET: "2"}, waivers=[{"rule": "x", "reason": "z"}], manager="systemd")
    assert [(one.path, one.old, one.new) for one in compare("base", before, after).settings] == [
        ("slipway:app.name", "a", "b"),
        ("slipway:front", "nginx", None),
        ("slipway:manager", None, "systemd"),
        ("slipway:secretEnv.KEY", {SECRET: "1"}, {SECRET: "2"}),
        ("slipway:waivers[0].reason", "y", "z"),
    ]


def test_what_a_replacement_leads_to():
    """A chain: the server is replaced, so is what is attached to it, and its address points elsewhere."""

    def made(encrypted):
        server = resource(INSTANCE, "server", inputs={"rootBlockDevice": {"encrypted": encrypted}})
        disk = resource(VOLUME, "disk", inputs={"availabilityZone": "a"})
        attached = resource(ATTACHMENT, "attached", inputs={"instanceId": of(server), "volumeId": of(disk)})
        address = resource(EIP, "address", inputs={"instance": of(server)})
        quiet = resource(EIP, "quiet", inputs={"instance": of(server)}, ignore_changes=("instance",))
        after = resource("made:up:Type", "after", inputs={"list": [{"of": of(attached)}]})
        last = resource(GROUP, "last", inputs={"vpcId": of(after), "tags": {"x": of(after)}})
        component = resource("slipway:Made", "component", kind="component", inputs={"server": of(server)})
        return plan(last, after, address, quiet, attached, disk, component, server)

    assert changed(made(False), made(True)) == {
        "server": ("replace", {"rootBlockDevice.encrypted": True}),
        "attached": ("replace", {"instanceId": True}),
        "address": ("alter", {"instance": False}),
        "after": ("may-replace", {"list[0].of": None}),
        "last": ("may-replace", {"vpcId": None}),
    }


def test_what_perhaps_follows_and_then_surely_does():
    """Told as sure, and so is what follows from it, whichever was found first."""

    def made(value):
        perhaps, server = resource("made:up:Type", "perhaps", inputs={"a": value}), resource(INSTANCE, "server", inputs={"ami": value})
        attached = resource(ATTACHMENT, "attached", inputs={"instanceId": of(server)})
        both = resource(ATTACHMENT, "both", inputs={"instanceId": of(perhaps, attached)})
        return plan(perhaps, server, attached, both, resource(ATTACHMENT, "last", inputs={"instanceId": of(both)}))

    assert changed(made("a"), made("b")) == {
        "perhaps": ("may-replace", {"a": None}),
        "server": ("replace", {"ami": True}),
        **{name: ("replace", {"instanceId": True}) for name in ("attached", "both", "last")},
    }


@pytest.mark.parametrize(("kind", "expected"), [("resource", ("may-replace", {"provider": None})), ("existing", None), ("component", None)])
def test_what_another_region_of_its_provider_leads_to(kind, expected):
    """The engine asks the provider; nothing of that shows in what the provider makes."""

    def made(region):
        provider = resource("pulumi:providers:aws", "provider", kind="provider", inputs={"region": region})
        return plan(provider, resource(INSTANCE, kind=kind, provider=provider.urn))

    assert changed(made("a"), made("b")).get("it") == expected
    assert changed(made("a"), made("a")) == {}


def test_a_lookup_that_asks_for_something_else():
    before, after = ({"ami": f"lookup(aws:ec2/getAmi:getAmi#{args}).id"} for args in ("ab12", "cd34"))
    assert altered(before, after) == ("replace", {"ami": True})


def test_counted():
    before = plan(resource(GROUP, "a"), resource(GROUP, "b"), resource(GROUP, "c"))
    after = plan(resource(GROUP, "b", inputs={"tags": {}}), resource(GROUP, "c"), resource(GROUP, "d"))
    assert compare("base", before, after).unchanged == 1


# How fast a machine is says nothing here.
SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TYPES = st.sampled_from([INSTANCE, GROUP, RULE, DATABASE, EIP, "made:up:Type", "pulumi:providers:aws", ""])
RESOURCES = st.builds(
    resource,
    TYPES,
    st.sampled_from("abc"),
    inputs=st.dictionaries(
        st.sampled_from(["ami", "ingress", "tags", "rootBlockDevice", "cidrIpv4", "fromPort", "toPort"]), JSON, max_size=3
    ),
    kind=st.sampled_from(["component", "resource", "existing", "provider"]),
    protect=st.booleans(),
    retain=st.booleans(),
    ignore_changes=st.lists(st.sampled_from(["ami", "tags.*", "*", "", "[", '["']), max_size=2).map(tuple),
)
PLANS = st.builds(
    lambda resources, settings: plan(*resources, **settings),
    st.lists(RESOURCES, max_size=4, unique_by=lambda one: one.urn),
    st.dictionaries(st.sampled_from(["front", "database_engine", "database_placement"]), JSON, max_size=3),
)


@SLOWLY
@given(PLANS)
def test_nothing_differs_from_itself(made):
    found = compare("base", made, Plan.model_validate_json(made.model_dump_json()))
    assert found.is_empty
    assert (found.unchanged, found.warnings) == (len(made.resources), ())


@SLOWLY
@given(PLANS, PLANS)
def test_both_ways(old, new):
    """Never an exception; what one way adds, the other way removes; settings and alterations are the same places."""
    there, back = compare("base", old, new), compare("base", new, old)
    assert names(there, "add") == names(back, "remove")
    assert names(there, "remove") == names(back, "add")
    assert there.unchanged + len(names(there, "alter", "replace", "may-replace")) == len(
        {kinds(one) for one in old.resources} & {kinds(one) for one in new.resources}
    )
    assert sorted(one.path for one in there.settings) == sorted(one.path for one in back.settings)
    assert json.loads(there.model_dump_json())


def kinds(one: Resource) -> tuple[str, str]:
    return one.urn, one.kind


def names(comparison, *ops):
    return {one.urn for one in comparison.resources if one.op in ops}
