"""The emulated account refuses what Google refuses: what there is twice, what isn't there, what is in use, locked or not empty."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from google_rest import ALL, Account, emulated

PROJECT = "/compute/v1/projects/shop-123456"
REGION, SQL = f"{PROJECT}/regions/europe-west1", "/sql/v1beta4/projects/shop-123456/instances"


@pytest.fixture
def place() -> Iterator[tuple[str, Account]]:
    with emulated() as made:
        yield made


def ask(address: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(f"{address}{path}", None if body is None else json.dumps(body).encode(), method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]["message"]


def test_what_is_in_use_stays_until_its_user_is_gone(place: tuple[str, Account]) -> None:
    address, _ = place
    ask(address, "POST", f"{PROJECT}/global/networks", {"name": "main"})
    assert ask(address, "POST", f"{PROJECT}/global/networks", {"name": "main"})[0] == 409
    subnet = {"name": "web", "network": f"projects{PROJECT.partition('projects')[2]}/global/networks/main"}
    ask(address, "POST", f"{REGION}/subnetworks", subnet)
    status, why = ask(address, "DELETE", f"{PROJECT}/global/networks/main")
    assert (status, why.partition(" is ")[2]) == (400, f"already being used by {REGION}/subnetworks/web")
    assert ask(address, "DELETE", f"{REGION}/subnetworks/web")[0] == 200
    assert ask(address, "DELETE", f"{PROJECT}/global/networks/main")[0] == 200
    assert ask(address, "DELETE", f"{PROJECT}/global/networks/main")[0] == 404


def test_what_is_locked_or_holds_something_stays(place: tuple[str, Account]) -> None:
    """A database's server leaves its last backup, told as what it is of."""
    address, _ = place
    settings = {"deletionProtectionEnabled": True, "finalBackupConfig": {"enabled": True}}
    ask(address, "POST", SQL, {"name": "db", "region": "europe-west1", "settings": settings})
    assert ask(address, "DELETE", f"{SQL}/db")[0] == 400
    ask(address, "PATCH", f"{SQL}/db", {"settings": {"deletionProtectionEnabled": False}})
    assert ask(address, "DELETE", f"{SQL}/db")[0] == 200
    ask(address, "POST", "/storage/v1/b?project=shop-123456", {"name": "shop-4711", "location": "europe-west1"})
    ask(address, "POST", "/storage/v1/b/shop-4711/o?name=desired.json", {})
    assert ask(address, "DELETE", "/storage/v1/b/shop-4711")[0] == 409
    there = {tuple(one) for one in ask(address, "GET", ALL)[1]}
    assert {("backup", f"{SQL}/db"), ("storage", "/storage/v1/b/shop-4711/o/desired.json")} <= there
    assert ("sql", f"{SQL}/db") not in there


def test_a_policy_of_extensions_goes_by_a_rollout(place: tuple[str, Account]) -> None:
    address, _ = place
    policies = f"{PROJECT}/global/vmExtensionPolicies"
    ask(address, "POST", policies, {"name": "logs", "rolloutOperation": {}})
    assert ask(address, "GET", f"{policies}/logs")[1]["priority"] == 1000
    assert ask(address, "POST", f"{policies}/logs/delete", {})[0] == 400
    assert ask(address, "POST", f"{policies}/logs/delete", {"predefinedRolloutPlan": "FAST_ROLLOUT"})[0] == 200
    assert ask(address, "GET", f"{policies}/logs")[0] == 404


def test_what_nobody_emulates_is_told(place: tuple[str, Account]) -> None:
    address, account = place
    assert ask(address, "POST", f"{PROJECT}/global/packetMirrorings", {"name": "x"})[0] == 404
    assert account.unknown == [f"POST {PROJECT}/global/packetMirrorings"]
