"""The hosts themselves: booted by cloud-init, reached, refused, rebooted, without power."""

import pytest

from real_hosts.commands import CommandFailed, run
from real_hosts.network import Network

_BOOT = "#cloud-config\nruncmd:\n  - [sh, -c, 'echo hello > /srv/hello']\n"
_REFUSE = "table inet t { chain i { type filter hook input priority 0; ip saddr ADDRESS tcp dport 8000 reject with tcp reset; }; }"


def test_hosts_boot_reach_each_other_and_keep_their_disks(network: Network) -> None:
    web, other, third = (network.machine(name, _BOOT) for name in ("web", "other", "third"))
    for host in (web, other, third):
        assert host.wait_for_cloud_init()["status"] == "done"
    assert web.read("/srv/hello") == b"hello\n"
    assert web.shell("hostname") == "web\n"
    web.write("/srv/www/kept", "still here", 0o600)
    web.run(["systemd-run", "--unit=www", "python3", "-m", "http.server", "--directory=/srv/www", "8000"])
    ask = ["curl", "-fsS", "-m", "5", "--retry", "20", "--retry-delay", "1", "--retry-connrefused", f"http://{web.address}:8000/kept"]
    assert other.run(ask).stdout == "still here"
    web.in_network(["nft", _REFUSE.replace("ADDRESS", third.address)])
    assert third.run([word for word in ask if word != "--retry-connrefused"], check=False).returncode
    assert run(ask).stdout == "still here"
    web.reboot()
    assert web.read("/srv/www/kept") == b"still here"
    web.kill()
    with pytest.raises(CommandFailed, match="web is off"):
        web.leader()
    web.start().wait_booted()
    assert web.read("/srv/www/kept") == b"still here"
    assert web.shell("stat -c %a /srv/www/kept") == "600\n"
