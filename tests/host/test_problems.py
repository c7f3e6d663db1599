"""What a host finds wrong with itself, and where it says so."""

import socket

import documents

from cloud_init.host.contracts.rollout import Heartbeat
from cloud_init.host.follow import health
from cloud_init.host.follow.health import Health
from cloud_init.host.release.manifests import HostStore


def test_a_front_server_that_takes_no_connection_is_a_problem_the_second_time(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        places = documents.places(tmp_path, {"run": str(tmp_path / "run"), "front": {"listen": ["127.0.0.1", port]}})
        for folder in (places.run, tmp_path / "var/lib"):
            folder.mkdir(parents=True, exist_ok=True)
        well = Health(places, HostStore(f"file://{tmp_path}/store", "local"), 1.0)
        assert well.problems() == []
        places.live.symlink_to("blue")
        assert [well.problems() for _ in range(2)] == [[], []]
    assert well.problems() == []  # it may just be started again
    [told] = well.problems()
    assert told == f"front: takes no connection at 127.0.0.1:{port} (Connection refused); see `./slipway logs`"
    with socket.create_server(("127.0.0.1", port)):
        assert [well.problems() for _ in range(2)] == [[], []]


def test_problems_are_noted_for_status(tmp_path):
    places = documents.places(tmp_path, {"run": str(tmp_path / "run"), "store": f"file://{tmp_path}/store", "role": None})
    for folder in (places.run, tmp_path / "var/lib"):
        folder.mkdir(parents=True, exist_ok=True)
    well = Health(places, HostStore(places.store, places.host), 1.0)
    well.failure = "packages: no network"
    well.beat(Heartbeat())
    assert health.noted(places) == [well.failure]
