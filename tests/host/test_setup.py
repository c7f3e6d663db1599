"""What a server is called."""

from pathlib import Path

import pytest

from cloud_init.host.base.files import write_json
from cloud_init.host.server import setup

_BOOT = {"app": "shop", "stack": "prod", "role": "web", "store": "s3://bucket?region=eu-west-1"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (None, "i-0123.eu-west-1.compute.internal"),
        ("web-1", "web-1"),
        ("AROAEXAMPLE:{host}", "AROAEXAMPLE:i-0123"),
        ("{host}", "i-0123"),
        ("{other}", "{other}"),
        ("3201:{instance}", "3201:i-0xi0123"),
    ],
)
def test_a_name_may_hold_the_servers_own(name: str | None, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_init.host.server.setup.socket.gethostname", lambda: "i-0123.eu-west-1.compute.internal")
    (tmp_path / "var/lib/cloud/data").mkdir(parents=True)
    (tmp_path / "var/lib/cloud/data/instance-id").write_text("i-0xi0123\n")
    write_json(tmp_path / "etc/slipway/boot.json", {**_BOOT, "name": name})
    assert setup._facts(tmp_path).host == wanted
