"""The servers of a stack, looked up in a project that has others too; and the way there: a real sshd behind a stand-in for the tunnel."""

import getpass
import os
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import gcloud
import pytest
from gcloud import PROJECT, Gcloud
from sshd import SSHD, Sshd

from components.errors import Lost, MissingError, SlipwayError
from components.gcp import common
from components.gcp.control import account, fleet_hosts
from components.ssh import connection
from components.ssh.connection import Connection, Refused
from components.ssh.host_keys import HostKeyError

REGION, ZONE = "europe-west1", "europe-west1-b"
LABELS = {"project": "shop", "stack": "prod", "slipway-app": "shop", "slipway-role": "web"}


def find():
    return fleet_hosts.find(PROJECT, REGION, "shop", "prod", "shop")


def test_web_hosts_first_the_oldest_first_by_their_names_in_the_store(google):
    """Those of other stacks, apps and regions, without a role, and those that stop, are left out."""
    made: dict[str, Any] = {
        "db-1": {"labels": {"slipway-role": "database"}}, "web-3": {"day": 3}, "web-2": {"day": 2, "public": "203.0.113.2"},
        "gone": {"status": "STOPPING"}, "web-1": {"day": 4, "status": "STAGING"}, "x": {"labels": {"stack": "test"}},
        "y": {"labels": {"slipway-app": "other"}}, "z": {"labels": {"slipway-role": "bastion"}}, "far": {"zone": "europe-west10-b"},
    }  # fmt: skip
    for name, given in made.items():
        more = {key: given[key] for key in ("status", "public") if key in given}
        created = f"2026-09-0{given.get('day', 1)}T00:00:00.000-07:00"
        labels = {**LABELS, **given.get("labels", {})}
        google.instance(name, given.get("zone", ZONE), labels, creationTimestamp=created, **more)
    store, hosts = find()
    of = f"1a2b@{PROJECT}.iam.gserviceaccount.com"
    wanted = [(f"web-{of}:web-2", "web"), (f"web-{of}:web-3", "web"), (f"web-{of}:web-1", "web"), (f"database-{of}:db-1", "database")]
    assert [(one.host, one.role) for one in hosts] == wanted
    assert [one.address for one in hosts[:2]] == ["203.0.113.2", "10.60.0.4"]
    assert store == common.store_address(common.bucket_name(PROJECT, REGION, "shop", "prod", "shop"))
    assert len(google.asked) == 1


def test_what_it_is_asked_word_for_word(google):
    find()
    fleet_hosts.balancer(PROJECT, REGION, "shop", "Prod/1", "shop")
    all_of = 'labels.project="shop" AND labels.stack="prod" AND labels.slipway-app="shop"'
    live = f"{all_of} AND status=(PROVISIONING STAGING RUNNING)"
    ends = ["--format=json", f"--project={PROJECT}", "--quiet", "--verbosity=error"]
    cleaned = all_of.replace("prod", common.label("Prod/1"))
    assert [one["words"] for one in google.asked] == [
        ["compute", "instances", "list", f"--filter={live}", *ends],
        ["compute", "addresses", "list", "--global", f"--filter={cleaned}", *ends],
    ]


def test_a_server_that_has_nothing_yet_goes_by_its_name(google):
    google.instance("web-1", ZONE, LABELS, networkInterfaces=[{"name": "nic0"}], serviceAccounts=[])
    ((host,),) = (find()[1],)
    assert (host.host, host.address) == ("web-1", "web-1")


def test_the_way_in_of_a_fleet(google):
    assert fleet_hosts.balancer(PROJECT, REGION, "shop", "prod", "shop") is None
    labels = {key: value for key, value in LABELS.items() if key != "slipway-role"}
    others = {"address": "203.0.113.8", "labels": {**labels, "stack": "test"}}
    google.set(addresses=[others, {"address": "203.0.113.9", "labels": labels}])
    assert fleet_hosts.balancer(PROJECT, REGION, "shop", "prod", "shop") == "203.0.113.9"


@pytest.fixture
def server(tmp_path):
    """A real sshd, whose keys for users are those of OS Login."""
    if SSHD is None:
        pytest.skip("needs sshd (openssh-server)")
    (tmp_path / "sshd").mkdir(mode=0o700)
    made = Sshd(tmp_path / "sshd")
    made.program("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    made.start()
    yield made
    made.stop()


@pytest.fixture
def host(google, server):
    """The way to it as an instance that told its host's key."""
    google.set(user=getpass.getuser(), authorized_keys=str(server.folder / "authorized_keys"))
    google.instance("web-1", ZONE, LABELS, [key(server)], ("127.0.0.1", server.port), public="203.0.113.2")
    return find()[1][0]


def key(server: Sshd) -> str:
    return " ".join((server.folder / "host.pub").read_text().split()[:2])


def refused(kind, host):
    with pytest.raises(kind) as caught:
        host.way.open(0)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("web-1 (203.0.113.2): ") or kind is MissingError
    return str(caught.value)


def test_a_command_reaches_the_host_by_one_tunnel(host, google):
    done = host.way.run(["sh", "-c", "cat; echo 'it''s' \"$0\""], b"words ", root=True)
    assert (done.status, done.out) == (0, b"words its sh\n")
    assert host.way.run(["true"]).status == 0
    ends = [f"--project={PROJECT}", "--quiet", "--verbosity=error"]
    asked = [one["words"] for one in google.asked if one["words"][1] not in ("os-login",)][1:]
    assert asked == [
        ["compute", "instances", "get-guest-attributes", "web-1", "--query-path=hostkeys/", f"--zone={ZONE}", "--format=json", *ends],
        ["compute", "start-iap-tunnel", "web-1", "22", "--listen-on-stdin", f"--zone={ZONE}", *ends],
    ]
    assert {one["credentials"] for one in google.asked} == {os.environ["GOOGLE_APPLICATION_CREDENTIALS"]}


def test_another_host_key_than_the_server_told_is_refused(host, server):
    """Whatever the user's own files say of that address."""
    server.stop()
    told = key(server)
    server.make_key("host")
    server.start()
    known = f"203.0.113.2 {key(server)}\n"
    own = Path.home() / ".ssh/known_hosts"
    own.parent.mkdir(mode=0o700, exist_ok=True)
    own.write_text(known)
    message = refused(HostKeyError, host)
    assert "THE HOST KEY HAS CHANGED: wanted SHA256:" in message
    assert "(web-1's guest attributes), found SHA256:" in message
    assert (own.read_text(), told != key(server)) == (known, True)


def test_without_host_keys_nothing_is_believed(google, server, host):
    google.set(host_keys={"web-1": []})
    told = refused(Lost, host)
    assert (
        "wanted its host keys in its guest attributes, found none (yet); a server that boots needs a minute; see what it says: gcloud"
        in told
    )
    google.set(host_keys={"web-1": ["ssh-dss AAAA", "ssh-ed25519 "]})
    refused(Lost, host)
    assert not [one for one in google.asked if "start-iap-tunnel" in one["words"]]


def test_a_host_key_is_one_word(google, server, host):
    """A server that was broken into has no way to name another one's key as well."""
    google.set(host_keys={"web-1": [f"{key(server)}\n* ssh-ed25519 AAAA"]})
    assert host.way.run(["true"]).status == 0
    assert host.way.login.host_keys == (f"203.0.113.2 {key(server)}",)


def test_it_is_tried_again_while_a_server_boots(google, server, host, monkeypatch):
    monkeypatch.setattr(connection, "_PAUSE", 0.1)
    google.set(host_keys={"web-1": []})
    said = []

    def say(text):
        said.append(text)
        google.set(host_keys={"web-1": [key(server)]}, tunnel="" if len(said) > 1 else "4003: 'failed to connect to backend'")

    host.way.open(30, say)
    assert ["host keys" in said[0], "4003" in said[1], len(said)] == [True, True, 2]


@pytest.mark.parametrize(
    ("why", "kind", "words"),
    [
        ("4003: 'failed to connect to backend'", Lost, "by Identity-Aware Proxy, found 4003: 'failed to connect to backend'"),
        ("4047: 'Failed to lookup instance'", Lost, "found 4047: 'Failed to lookup instance'; a server that boots needs a minute"),
        ("4033: 'not authorized'", SlipwayError, "iap.tunnelInstances.accessViaIAP is in roles/iap.tunnelResourceAccessor"),
        ("Handshake status 403 Forbidden", SlipwayError, "iap.tunnelInstances.accessViaIAP"),
    ],
)  # fmt: skip
def test_why_there_is_no_tunnel(google, host, why, kind, words):
    google.set(tunnel=why)
    told = refused(kind, host)
    assert words in told
    assert (kind is Lost) == ("35.235.240.0/20" in told)


def test_a_login_that_is_over_as_the_tunnel_is_made(google, host):
    google.set(fails={"compute start-iap-tunnel": gcloud.OVER})
    assert "the login is over or never was (There was a problem refreshing" in refused(MissingError, host)


def test_who_is_not_let_in_and_who_is_not_to_be_root(google, server, host, tmp_path):
    google.set(authorized_keys=str(tmp_path / "others"))
    told = refused(Refused, host)
    assert "to be let in with the key" in told
    assert "OS Login lets in who has roles/compute.osAdminLogin, and roles/iam.serviceAccountUser" in told
    google.set(authorized_keys=str(server.folder / "authorized_keys"))
    account._let_in.cache_clear()
    server.program("id", '[ "$1" = -u ] && echo 1000 || echo sa_1')
    server.program("sudo", "echo 'sudo: a password is required' >&2; exit 1")
    again = find()[1][0]
    with pytest.raises(
        MissingError, match=r"for sa_1, found: sudo: a password is required; OS Login makes root whoever has roles/compute.osAdm"
    ):
        again.way.run(["true"], root=True)


def test_a_cut_connection_is_told_and_made_again(host, server):
    begun = server.folder / "begun"

    def cut():
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.01)
        server.cut()

    cutter = Thread(target=cut)
    cutter.start()
    with pytest.raises(Lost, match="the connection was lost during `sh`"):
        host.way.run(["sh", "-c", f"touch {begun}; sleep 60"])
    cutter.join()
    assert host.way.run(["true"]).status == 0


def test_percent_signs_reach_a_proxy_as_they_are(tmp_path, server):
    """A program's words are no pattern of OpenSSH's."""
    google = Gcloud(tmp_path / "100%h")
    google.instance("web-1", ZONE, LABELS, [key(server)], ("127.0.0.1", server.port))
    proxy = (
        str(google.bin / "gcloud"),
        "compute",
        "start-iap-tunnel",
        "web-1",
        "22",
        "--listen-on-stdin",
        f"--project={PROJECT}",
        "--quiet",
    )
    login = replace(server.login, address="203.0.113.2", port=22, host_keys=(f"203.0.113.2 {key(server)}",), proxy=proxy)
    assert Connection(login).run(["true"]).status == 0
