"""A real web host, hardened, that gets its certificate from a real authority: as it is from outside, under load, and after a reboot."""

import http.client
import json
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pebble
import pytest
from load import Load

from cloud_init import host_tool
from cloud_init.fleet import Tls
from cloud_init.host.contracts.manifest import Health
from cloud_init.host.rollout import gate
from real_hosts.commands import run
from real_hosts.machine import Machine
from real_hosts.network import Network
from real_hosts.outside import open_ports
from real_hosts.shelf import WEB, Shelf

_DOMAIN = "shop.example"
_STORE = "/var/lib/slipway-store"
_TOOL = ("/usr/bin/python3", "-I", "/opt/slipway/host.pyz", "--root", "/")
_UNIT = "slipway-certificate.service"
# What the test adds to the unit: whom the authority's own address is vouched for by, and no minute between two tries.
_ADDED = "[Service]\nEnvironment=REQUESTS_CA_BUNDLE=/etc/authority.pem\nRestartSec=2\n"
_FOLDERS = "/etc/slipway /srv /opt /var/lib/slipway /var/log /run/slipway"
_SECRETS = f"find {_FOLDERS} -xdev -type f -perm /0007 -print0 | xargs -0 -r grep -lE 'PRIVATE KEY|s3cret-of-the-app' || true"


class Site:
    """The web host, its store, and what the world sees of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.shelf = Shelf(machine.disk.root / _STORE[1:])

    def set_up(self) -> None:
        """As the bootstrap does."""
        self.tool = self.shelf.tool()
        self.shelf.for_new_servers(self.tool)
        self.machine.write("/opt/slipway/host.pyz", host_tool.tool())
        boot = {"app": "shop", "stack": "dev", "role": "web", "name": "web", "store": f"file://{_STORE}"}
        self.machine.write("/etc/slipway/boot.json", json.dumps(boot))
        self.machine.run([*_TOOL, "setup"])

    def serves(self, release: str, timeout: float = 240) -> None:
        self.machine.wait_for(self.release, release.__eq__, timeout)

    def release(self) -> str:
        """What answers by TLS, whosever certificate it has; empty where nothing does."""
        health = Health("/", _DOMAIN, 20, "https")
        return str(gate.ask(gate.over_tls(self.machine.address, 443, _DOMAIN), health).release or "")

    def status(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.machine.run([*_TOOL, "status"]).stdout.splitlines()[-1])
        return found

    def plain(self, path: str, method: str = "GET") -> tuple[int, str | None]:
        connection = http.client.HTTPConnection(self.machine.address, 80, timeout=10)
        connection.request(method, path, headers={"Host": _DOMAIN})
        answer = connection.getresponse()
        connection.close()
        return answer.status, answer.headers["Location"]

    def serial(self) -> str:
        return run(["openssl", "x509", "-noout", "-serial"], text=ssl.get_server_certificate((self.machine.address, 443))).stdout

    def trusted(self, roots: Path) -> http.client.HTTPResponse:
        """As a browser asks that trusts the authority."""
        connection = gate.over_tls(self.machine.address, 443, _DOMAIN, ssl.create_default_context(cafile=str(roots)))()
        connection.request("GET", "/", headers={"Host": _DOMAIN})
        return connection.getresponse()


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
def elsewhere(network: Network) -> str:
    """An address of this machine's that the firewall knows nothing of."""
    address = network.gateway.rpartition(".")[0] + ".200"
    run(["ip", "address", "add", f"{address}/24", "dev", network.name])
    return address


def hardened(site: Site, network: Network, elsewhere: str) -> None:
    """What holds after the first release, and after a reboot."""
    machine = site.machine
    assert open_ports(machine.address, elsewhere) == [80, 443]
    assert open_ports(machine.address, network.gateway) == [22, 80, 443]
    ask = ["ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    refused = run([*ask, "-o", "PubkeyAuthentication=no", f"root@{machine.address}"], check=False)
    assert "Permission denied (publickey)" in refused.stderr
    assert 'Unattended-Upgrade::Automatic-Reboot "false"' in machine.shell("apt-config dump")
    enabled = machine.shell("systemctl is-enabled apt-daily-upgrade.timer slipway-firewall.service systemd-timesyncd.service")
    assert enabled.split() == ["enabled"] * 3
    upgrades = machine.shell("systemctl is-enabled unattended-upgrades.service logrotate.timer")
    assert upgrades.split() == ["enabled"] * 2
    assert "Allowed origins are: origin=Debian" in machine.shell("unattended-upgrade --dry-run --verbose 2>&1")
    assert "SystemMaxUse=200M" in machine.shell("systemd-analyze cat-config systemd/journald.conf")
    assert machine.shell("ls -d /var/log/journal")
    assert not machine.shell("command -v gcc cc c++ make || true")
    assert machine.shell(_SECRETS) == ""
    as_app = ["setpriv", "--reuid=slipway-app", "--regid=slipway-app", "--clear-groups"]
    key = f"/var/lib/slipway/shop/certificates/{_DOMAIN}/key.pem"
    assert machine.run([*as_app, "cat", key], check=False).returncode
    assert machine.run([*as_app, "cat", key.replace("key", "certificate")]).stdout


@pytest.mark.skipif(bool(pebble.missing()), reason=pebble.missing())
def test_a_hardened_host_with_a_certificate(network: Network, elsewhere: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = Site(network.machine("web"))
    site.machine.wait_for_cloud_init()
    with pebble.Pebble(tmp_path, network.gateway, site.machine.address) as authority:
        site.machine.write("/etc/authority.pem", authority.own.certificate.read_text())
        site.machine.write(f"/etc/systemd/system/{_UNIT}.d/test.conf", _ADDED)
        site.machine.run(["systemd-run", "--unit=stray", "python3", "-m", "http.server", "8000"])
        site.machine.wait_for(lambda: open_ports(site.machine.address, elsewhere), lambda found: 8000 in found, 20)
        site.set_up()
        tls = Tls(_DOMAIN, authority.directory)
        fleet = replace(WEB, ssh_from=(f"{network.gateway}/32",), tls=tls)
        first = site.shelf.publish(1, site.tool, fleet)
        site.shelf.store.put(f"secrets/web/{first}.json", b'{"SECRET_KEY": "s3cret-of-the-app"}')
        site.shelf.want(first, elected="web")
        site.serves(first)
        assert site.plain("/") == (200, None)
        site.machine.wait_for(lambda: str(site.status()["tls"]), lambda said: "shop.example has no address yet" in said, 30)
        site.machine.wait_for(lambda: str(site.shelf.outcome("web", "heartbeat")), lambda told: "no certificate" in told, 30)
        hardened(site, network, elsewhere)

        with Load(443, (site.machine.address,), bodies=("1",), clients=9, tls=unverified(), name=_DOMAIN) as load:
            began, own = time.monotonic(), site.serial()
            site.machine.shell(f"echo {site.machine.address} {_DOMAIN} >>/etc/hosts")
            site.machine.wait_for(site.serial, lambda serial: serial != own, 90)
            issued = time.monotonic() - began
            assert site.trusted(authority.roots).status == 200
            time.sleep(2)
            known, marker = site.serial(), f"/var/lib/slipway/shop/certificates/{_DOMAIN}/issued"
            facts = json.loads(site.machine.read(marker))
            site.machine.write(marker, json.dumps({**facts, "until": time.time()}))
            site.machine.run(["systemctl", "start", _UNIT])
            site.machine.wait_for(site.serial, lambda serial: serial != known, 60)
            time.sleep(2)
        assert load.failures == []
        with capsys.disabled():
            print(f"\ncertificate {issued:.1f} s after the domain led here; issued and renewed under {load.sent} requests, 0 failed")
        answer = site.trusted(authority.roots)
        assert (answer.status, answer.headers["X-Release-Id"]) == (200, first)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert site.plain("/a?b") == (301, f"https://{_DOMAIN}/a?b")
        assert site.plain("/a?b", "POST") == (308, f"https://{_DOMAIN}/a?b")
        assert site.plain("/-/live") == (200, None)
        old = ["openssl", "s_client", "-connect", f"{site.machine.address}:443", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]
        assert run(old, check=False).returncode
        assert site.status()["tls"]["problem"] == ""  # type: ignore[index]
        assert "enabled" in site.machine.shell("systemctl is-enabled slipway-certificate.timer")
        assert site.machine.run(["systemctl", "is-enabled", "certbot.timer"], check=False).stdout.strip() != "enabled"
        site.machine.reboot()
        site.serves(first)
        hardened(site, network, elsewhere)
        assert site.trusted(authority.roots).status == 200
        second = site.shelf.publish(2, site.tool, replace(fleet, tls=None))
        site.shelf.want(second, elected="web")
        site.machine.wait_for(lambda: site.plain("/"), (200, None).__eq__, 60)
        assert not site.machine.shell("ls /etc/systemd/system/slipway-certificate.timer || true")
