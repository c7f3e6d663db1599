"""What a server is made of beyond the app: rendered, and taken by the programs that read it."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cloud_init import fleet, system
from cloud_init.fleet import Fleet, OwnHost, SystemFile
from cloud_init.host.server import system_files
from cloud_init.host_files import HostFileError

PLAIN = Fleet("systemd", "nginx", "none")
LIMITED = replace(PLAIN, ssh_from=("203.0.113.0/24", "203.0.113.7", "2001:db8::/32"), ssh_ports=(22, 2222))
DATABASE = replace(LIMITED, database=OwnHost(5432, ("10.0.0.0/24", "10.0.0.9/32", "fd00::1")), roles=("web", "database"))


def content(what: Fleet, role: str, path: str) -> str:
    return str(next(file.content for file in every_file(what, role) if file.path == path))


def every_file(what: Fleet, role: str) -> list[SystemFile]:
    return [*system.files(what, role), *system.files(what, role, later=True)]


def rules(what: Fleet, role: str = "web") -> str:
    return content(what, role, "/etc/slipway/firewall.nft")


def test_ports_are_open_to_whom_they_should() -> None:
    assert "tcp dport { 80, 443 } accept" in rules(PLAIN)
    assert "        tcp dport { 22 } accept" in rules(PLAIN)
    limited = rules(LIMITED)
    assert "ip saddr { 203.0.113.0/24 } tcp dport { 22, 2222 } accept" in limited
    assert "ip6 saddr { 2001:db8::/32 } tcp dport { 22, 2222 } accept" in limited
    assert "        tcp dport { 22" not in limited
    assert "22" not in rules(replace(PLAIN, ssh_from=()))
    assert "5432" not in rules(DATABASE)
    database = rules(DATABASE, "database")
    assert "80, 443" not in database
    assert "ip saddr { 10.0.0.0/24 } tcp dport 5432 accept" in database
    assert "ip6 saddr { fd00::1/128 } tcp dport 5432 accept" in database


@pytest.mark.parametrize("wrong", ["10.0.0.0/33", "any", "", "10.0.0.1 } accept; tcp dport { 1", "1.2.3.4\n"])
def test_what_is_no_network_is_refused(wrong: str) -> None:
    with pytest.raises(HostFileError, match="the networks for SSH: wanted addresses or networks"):
        system.files(replace(PLAIN, ssh_from=(wrong,)), "web")
    with pytest.raises(HostFileError, match="the networks of web hosts: wanted addresses or networks"):
        system.files(replace(DATABASE, database=OwnHost(1, (wrong,))), "database")


def test_who_would_be_locked_out_is_told_before() -> None:
    assert system.lets_in(PLAIN.ssh_from, "198.51.100.1")
    assert not system.lets_in(LIMITED.ssh_from, "198.51.100.1")
    assert system.lets_in(LIMITED.ssh_from, "203.0.113.200")
    assert system.lets_in(LIMITED.ssh_from, "::ffff:203.0.113.200")
    assert system.lets_in(LIMITED.ssh_from, "2001:db8::1")
    assert not system.lets_in((), "203.0.113.7")


CLOSED = replace(PLAIN, ssh_from=())


@pytest.mark.parametrize(("what", "role"), [(PLAIN, "web"), (LIMITED, "web"), (DATABASE, "database"), (CLOSED, "database")])
def test_nftables_takes_the_rules_twice(what: Fleet, role: str, tmp_path: Path) -> None:
    """In a network namespace of its own; the second time the table is there already."""
    if subprocess.run(["unshare", "-n", "nft", "list", "ruleset"], check=False, capture_output=True).returncode:
        pytest.skip("wanted nft, and a kernel that has it in a network namespace")
    path = tmp_path / "rules"
    path.write_text(rules(what, role))
    twice = f"nft -f {path} && nft add table inet other && nft -f {path} && nft list ruleset"
    done = subprocess.run(["unshare", "-n", "sh", "-c", twice], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("policy drop") == 1
    assert "table inet other" in done.stdout


@pytest.mark.parametrize("role", fleet.ROLES)
def test_units_are_sound_and_all_that_is_written_has_who_puts_it_in_force(role: str, tmp_path: Path) -> None:
    units = []
    for file in every_file(DATABASE, role):
        assert system_files.kind_of(file.apply)
        if file.path.endswith((".service", ".timer")):
            units.append(tmp_path / Path(file.path).name)
            units[-1].write_text(file.content)
    assert units
    if not shutil.which("systemd-analyze"):
        pytest.skip("wanted systemd-analyze")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, units)], capture_output=True, text=True, check=False)
    assert not [line for line in done.stderr.splitlines() if "slipway" in line], done.stderr


def test_apt_takes_its_file(tmp_path: Path) -> None:
    apt = tmp_path / "apt.conf"
    apt.write_text(content(PLAIN, "web", "/etc/apt/apt.conf.d/52slipway-upgrades"))
    if not shutil.which("apt-config"):
        pytest.skip("wanted apt")
    done = subprocess.run(["apt-config", "-c", str(apt), "dump"], capture_output=True, text=True, check=False)
    assert 'Unattended-Upgrade::Automatic-Reboot "false"' in done.stdout, done.stderr
    assert done.stdout.count("-security") == 2


@pytest.mark.parametrize("role", fleet.ROLES)
def test_what_serving_does_not_wait_for_is_a_part_of_its_own(role: str) -> None:
    host = system.host_part(DATABASE)
    later = host.later
    assert {"logrotate", "unattended-upgrades"} < set(later.packages[role])
    assert {"nftables", "python3-venv"} <= set(host.packages[role])
    assert not set(later.packages[role]) & set(host.packages[role])
    assert [file.apply for file in later.system[role]] == ["apt", "timesyncd"]
    assert not {file.apply for file in host.system[role]} & {"apt", "timesyncd"}
