"""The servers of a stack, looked up in an account that has others too; and commands by Cloud Assistant on a real tree."""

import os

import pytest
from alibaba import ACCOUNT, INSTANCE, REGION, Server

from components.alicloud.control import fleet_hosts
from components.alicloud.control.fleet_hosts import Instance
from components.blocks import command_transport, names

ODD = ["", " ", "'", '"', "$(id)", "`id`", "{{x}}", "a\nb", "\\", "-n", "é\U0001f600", os.fsdecode(b"\xff\xfe"), "*", "%s", "!"]
TAGS = {"project": "shop", "stack": "prod", "slipway:app": "shop"}


def server(identity, day, role="web", status="Running", **tags):
    given = {**TAGS, **({"slipway:role": role} if role else {}), **tags}
    return Server(identity, f"2026-09-{day:02}T00:00Z", given, f"shop-{role}" if role else "", status, f"203.0.113.{day}")


def found():
    return fleet_hosts.find(REGION, "shop", "prod", "shop", None, None)


def test_web_hosts_first_the_oldest_first_by_their_names_in_the_store(user, service):
    """In as many pages as there are; those of other stacks and apps, and those that stop, are left out."""
    service.servers = [
        server("i-d", 1, "database"), server("i-3", 3), server("i-2", 2), server("i-5", 5, status="Stopping"), server("i-1", 4),
        server("i-x", 1, stack="test"), server("i-y", 1, **{"slipway:app": "other"}), server("i-z", 1, role=""),
    ]  # fmt: skip
    store, hosts = found()
    assert [(one.host, one.role) for one in hosts] == [
        ("300000008:i-2", "web"), ("300000008:i-3", "web"), ("300000008:i-1", "web"), ("300000013:i-d", "database"),
    ]  # fmt: skip
    assert [one.address for one in hosts[:2]] == ["203.0.113.2", "203.0.113.3"]
    assert service.asked.count("DescribeInstances") > 1
    assert store == f"oss://{names.bucket(ACCOUNT, REGION, 'shop', 'prod', 'shop')}?region={REGION}"


def test_a_server_without_a_role_yet_goes_by_its_id_and_its_inner_address(user, service):
    service.servers = [Server("i-1", "2026-09-01T00:00Z", {**TAGS, "slipway:role": "web"})]
    ((host,),) = (found()[1],)
    assert (host.host, host.address) == ("i-1", "10.60.0.4")


def test_the_way_in_of_a_fleet(user, service):
    assert fleet_hosts.balancer(REGION, "shop", "prod", "shop") is None
    service.balancers = {"other": {**TAGS, "stack": "test"}, "alb-1.ap-southeast-1.alb.aliyuncs.com": TAGS}
    assert fleet_hosts.balancer(REGION, "shop", "prod", "shop") == "alb-1.ap-southeast-1.alb.aliyuncs.com"


@pytest.fixture(scope="module")
def launched(bench):
    bench.boot()
    bench.release = bench.publish(1)
    assert bench.roll(bench.release).ok
    return bench


@pytest.fixture
def host(launched, tree, monkeypatch):
    monkeypatch.setattr(command_transport, "_FIRST", 0.02)
    facts = {"host": launched.facts["host"], "role": "web", "app": "demo", "address": "203.0.113.7", "store": launched.facts["store"]}
    return command_transport.CommandTransport(facts, Instance(REGION, INSTANCE))


@pytest.mark.launch
@pytest.mark.family("commands on Alibaba Cloud")
def test_a_command_and_its_words_reach_the_host(host, launched, capfd):
    assert host.run(["status"])["live"]["release"] == launched.release
    script = "import sys; print(ascii(sys.argv[1:])); print('err', file=sys.stderr); sys.exit(7)"
    assert host.attach(["exec", "--", "python", "-c", script, *ODD]) == 7
    told = capfd.readouterr()
    assert (told.out, told.err.splitlines()[-1]) == (ascii(ODD) + "\n", "err")


@pytest.mark.launch
def test_an_interrupt_ends_the_command(host, tree, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Instance, "look", interrupted)
    with pytest.raises(KeyboardInterrupt):
        host.attach(["exec", "--", "sleep", "1"])
    assert len(tree.cancelled) == 1
