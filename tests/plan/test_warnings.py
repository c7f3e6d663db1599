"""What to think about before a change is merged."""

import pytest
from small import ATTACHMENT, DATABASE, EIP, GROUP, INSTANCE, VOLUME, of, plan, resource

from ops.plan.compare import compare
from policy.plan import UNKNOWN


def warned(old, new):
    """(kind, name of the resource, message) of each warning."""
    return [(one.kind, one.urn.rpartition("::")[2], one.message) for one in compare("base", old, new).warnings]


def kinds(old, new):
    return [(kind, name) for kind, name, _ in warned(old, new)]


def one(type, before, after, **options):
    """The warnings about one resource that changes."""
    return kinds(plan(resource(type, inputs=before, **options)), plan(resource(type, inputs=after, **options)))


@pytest.mark.parametrize(
    ("type", "before", "after", "options", "expected"),
    [
        (INSTANCE, {"ami": "a"}, {"ami": "b"}, {}, ["replaced"]),
        (INSTANCE, {"ami": "a"}, {"ami": "b"}, {"ignore_changes": ("ami",)}, []),
        (INSTANCE, {"ami": "a"}, {"ami": "b"}, {"delete_before_replace": True}, ["downtime", "replaced"]),
        (INSTANCE, {"instanceType": "a"}, {"instanceType": "b"}, {}, ["downtime"]),
        (INSTANCE, {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, {}, []),
        (INSTANCE, {"disableApiTermination": True}, {}, {}, ["unprotected"]),
        (DATABASE, {"instanceClass": "a"}, {"instanceClass": "b"}, {}, ["downtime"]),
        (DATABASE, {"engine": "a"}, {"engine": "b"}, {}, ["replaced"]),
        (DATABASE, {"allocatedStorage": 20}, {"allocatedStorage": 40}, {}, []),
        (DATABASE, {"deletionProtection": True}, {"deletionProtection": False}, {}, ["unprotected"]),
        (DATABASE, {"deletionProtection": False}, {"deletionProtection": True}, {}, []),
        (DATABASE, {"skipFinalSnapshot": False}, {"skipFinalSnapshot": True}, {}, ["unprotected"]),
        (
            "gcp:sql/databaseInstance:DatabaseInstance",
            {"settings": {"tier": "a"}},
            {"settings": {"tier": "b"}},
            {},
            ["downtime"],
        ),
        ("gcp:sql/databaseInstance:DatabaseInstance", {"settings": {"diskSize": 1}}, {"settings": {"diskSize": 2}}, {}, []),
        (VOLUME, {"encrypted": True}, {"encrypted": False}, {}, ["replaced"]),
        (VOLUME, {"iops": 1}, {"iops": 2}, {}, ["replaced"]),
        (EIP, {"domain": "a"}, {"domain": "b"}, {}, ["replaced"]),
        (GROUP, {"description": "a"}, {"description": "b"}, {}, []),
        (GROUP, {"description": "a"}, {"description": "b"}, {"delete_before_replace": True}, []),
        (DATABASE, {"skipFinalSnapshot": False}, {"skipFinalSnapshot": {UNKNOWN: ["x"]}}, {}, ["unprotected"]),
        (GROUP, {"description": "a"}, {"description": "b"}, {"protect": True}, ["replaced"]),
        ("made:up:Type", {"a": 1}, {"a": 2}, {}, []),
        ("made:up:Type", {"a": 1}, {"a": 2}, {"retain": True}, ["replaced"]),
        ("pulumi-python:dynamic/slipway:Host", {"facts": "a"}, {"facts": "b"}, {}, []),
    ],
)
def test_of_one_resource(type, before, after, options, expected):
    assert one(type, before, after, **options) == [(kind, "it") for kind in expected]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (resource(INSTANCE), ["removed"]),
        (resource(DATABASE, retain=True), ["removed"]),
        (resource(DATABASE, protect=True), ["removed", "unprotected"]),
        (resource(GROUP), []),
        (resource(GROUP, protect=True), ["removed", "unprotected"]),
        (resource("pulumi-python:dynamic/slipway:Host"), ["removed"]),
        (resource(INSTANCE, kind="existing"), []),
    ],
)
def test_of_what_is_removed(before, expected):
    assert kinds(plan(before), plan()) == [(kind, "it") for kind in expected]


def test_a_disk_apart_outlives_its_server():
    """Nothing stays of a disk that goes too."""
    server, disk = resource(INSTANCE), resource(VOLUME, "disk")
    attached = resource(ATTACHMENT, inputs={"instanceId": of(server), "volumeId": of(disk)})
    lost = "a server, is removed with all that is on it: back it up first"
    kept = "a server, is removed; disk stays with the data: nothing serves until the next server has it"
    assert [message for _, _, message in warned(plan(server, disk, attached), plan(disk))] == [kept]
    assert [message for _, name, message in warned(plan(server, disk, attached), plan()) if name == "it"] == [lost]
    assert [message for _, _, message in warned(plan(server, disk), plan(disk))] == [lost]


def test_protection_of_pulumi_lifted():
    assert one(GROUP, {}, {}) == []
    before, after = plan(resource(GROUP, protect=True, retain=True)), plan(resource(GROUP))
    assert kinds(before, after) == [("unprotected", "it")] * 2
    assert kinds(after, before) == []


def test_a_replacement_tells_why_and_what_becomes_of_it():
    before, after = (plan(resource(INSTANCE, inputs={"ami": value, "subnetId": value, "tags": {"a": value}})) for value in "ab")
    assert warned(before, after) == [
        ("replaced", "it", "a server, is replaced by the change of ami, subnetId; what is on it stays behind: back it up first")
    ]
    before, after = (plan(resource(INSTANCE, protect=True, inputs={"ami": value})) for value in "ab")
    assert warned(before, after)[0][2].endswith("it is protected: the engine refuses that")
    after = plan(resource(INSTANCE, inputs={"ami": "b"}))
    assert warned(before, after)[0][2].endswith("what is on it stays behind: back it up first")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (("postgres", "managed"), ("sqlite", "same-host"), ["slipway:database.engine: postgres", "slipway:database.placement: managed"]),
        (("postgres", "same-host"), ("postgres", "own-host"), ["slipway:database.placement: same-host becomes own-host"]),
        (("postgres", "managed"), (None, None), ["slipway:database.engine: postgres becomes nothing", "slipway:database.placement"]),
        (("none", "same-host"), ("postgres", "same-host"), []),
        (("postgres", "external"), ("mysql", "external"), []),
        ((None, None), ("postgres", "managed"), []),
        (("postgres", "managed"), ("postgres", "managed"), []),
    ],
)
def test_another_database(old, new, expected):
    plans = [plan(database_engine=engine, database_placement=placement) for engine, placement in (old, new)]
    found = warned(*plans)
    assert [kind for kind, _, _ in found] == ["removed"] * len(expected)
    assert all(message.startswith(start) for (_, _, message), start in zip(found, expected, strict=True))


def test_another_front():
    it = resource(EIP)
    assert [kind for kind, _, _ in warned(plan(it, front="nginx"), plan(it, front="apache"))] == ["downtime"]
    assert [kind for kind, _, _ in warned(plan(it), plan(it, front="apache"))] == ["downtime"]  # nginx is the default
    assert warned(plan(it), plan(it, front="nginx")) == []
    assert warned(plan(), plan(it, front="apache")) == []  # there was no such stack


def test_names_are_shown_on_one_line():
    name = "a\n\x1b[31m" + "b" * 300
    before, after = (plan(resource(INSTANCE, name, inputs={"ami": value})) for value in "ab")
    message = warned(before, after)[0][2]
    assert message.isprintable()
    assert len(message) < 300
