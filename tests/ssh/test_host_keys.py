"""Nothing is sent to a server whose key isn't the one that was wanted."""

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import asyncssh
import pytest

from components.errors import Lost, MissingError, SlipwayError
from components.ssh.connection import Connection
from components.ssh.opening import HostKeyError, HostKeys


def test_a_pinned_key_lets_in(sshd):
    done = Connection(sshd.login).run(["sh", "-c", "cat; echo 'it''s' \"$0\""], b"words ")
    assert (done.status, done.out) == (0, b"words its sh\n")


def test_a_line_may_have_the_name_of_the_settings(sshd):
    line = sshd.line.replace(f"[127.0.0.1]:{sshd.port}", "one")
    assert Connection(replace(sshd.login, host_keys=(line,))).run(["true"]).status == 0


def test_an_unknown_key_is_refused_with_the_line_to_pin(sshd):
    with pytest.raises(HostKeyError) as caught:
        Connection(sshd.unpinned()).run(["touch", str(sshd.folder / "ran")])
    printed = subprocess.run(
        ["ssh-keygen", "-lf", str(sshd.folder / "host.pub")], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert printed in str(caught.value)
    assert f"pin it in slipway:ssh.hostKeys: '{sshd.line}'" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert not (sshd.folder / "ran").exists()
    assert not sshd.noted.exists()


def test_the_line_to_pin_is_one_that_lets_in(sshd):
    with pytest.raises(HostKeyError) as caught:
        Connection(sshd.unpinned()).open()
    line = str(caught.value).rpartition("slipway:ssh.hostKeys: ")[2].strip("'")
    assert Connection(replace(sshd.login, host_keys=(line,))).run(["true"]).status == 0


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"], ids=["another key", "a key of another kind"])
def test_a_changed_key_is_refused_loudly(sshd, kind):
    login = sshd.login
    sshd.stop()
    sshd.make_key("host", kind)
    sshd.start()
    for changed in (login, replace(login, accept_new=True)):
        with pytest.raises(HostKeyError, match=r"THE HOST KEY HAS CHANGED: wanted SHA256:.*slipway:ssh\.hostKeys"):
            Connection(changed).open()
    assert not sshd.noted.exists()


def test_at_first_use_only_when_the_setting_says_so_and_then_never_again(sshd):
    login = sshd.unpinned(accept_new=True)
    assert Connection(login).run(["true"]).status == 0
    assert sshd.noted.read_text() == sshd.line + "\n"
    assert sshd.noted.stat().st_mode & 0o777 == 0o600
    assert Connection(sshd.unpinned()).run(["true"]).status == 0
    sshd.stop()
    sshd.make_key("host")
    sshd.start()
    with pytest.raises(HostKeyError, match="HAS CHANGED"):
        Connection(login).open()


def test_servers_that_are_met_at_the_same_moment_are_all_noted(sshd):
    line = sshd.line.partition(" ")[2]
    key = asyncssh.import_public_key(line)
    logins = [sshd.unpinned(accept_new=True, address=f"192.0.2.{number}", port=22) for number in range(1, 33)]
    start = threading.Barrier(len(logins))

    def note(login):
        start.wait(10)
        HostKeys(login).note(key)

    with ThreadPoolExecutor(max_workers=len(logins)) as pool:
        list(pool.map(note, logins))
    assert sorted(sshd.noted.read_text().splitlines()) == sorted(f"{login.address} {line}" for login in logins)


def test_known_hosts_is_read_hashed_lines_too(sshd):
    sshd.empty.write_text(sshd.line + "\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(sshd.empty)], check=True, capture_output=True)
    assert sshd.empty.read_text().startswith("|1|")
    assert Connection(sshd.unpinned()).run(["true"]).status == 0


def test_a_pin_counts_more_than_known_hosts(sshd):
    sshd.empty.write_text(sshd.line + "\n")
    sshd.make_key("other")
    other = f"one {' '.join((sshd.folder / 'other.pub').read_text().split()[:2])}"
    with pytest.raises(HostKeyError, match="HAS CHANGED"):
        Connection(replace(sshd.login, host_keys=(other,))).open()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "/nowhere/key"}, "slipway:ssh.key: wanted a private key, found no file at /nowhere/key"),
        (
            {"known_hosts": "/nowhere/hosts", "host_keys": ()},
            "slipway:ssh.knownHosts: wanted a file of host keys, found none at /nowhere/hosts",
        ),
        ({"address": "nowhere.invalid"}, "wanted an address, found a name that can't be looked up"),
    ],
)
def test_what_can_never_work_is_told_at_once(sshd, changes, words):
    with pytest.raises(SlipwayError, match=r"^[^\n]*$") as caught:
        Connection(replace(sshd.login, **changes)).open(60)
    assert words in str(caught.value)


def test_a_key_that_is_not_let_in(sshd):
    sshd.make_key("stranger")
    with pytest.raises(Lost, match=r"to be let in with the key .*ssh-add"):
        Connection(replace(sshd.login, key=str(sshd.folder / "stranger"))).open(0)


def test_it_is_tried_again_while_a_server_boots(sshd):
    sshd.stop()
    said = []

    def say(text):
        said.append(text)
        sshd.start()

    Connection(sshd.login).open(30, say)
    assert len(said) == 1
    assert "none that answers" in said[0]


def test_sudo_that_asks_for_a_password_is_refused_with_what_to_do(sshd):
    sshd.program("id", '[ "$1" = -u ] && echo 1000 || echo deploy')
    sshd.program("sudo", "echo 'sudo: a password is required' >&2; exit 1")
    with pytest.raises(MissingError, match=r"found: sudo: a password is required; run there: echo 'deploy ALL=\(ALL\) NOPASSWD:ALL'"):
        Connection(sshd.login).run(["true"], root=True)


def test_a_cut_connection_is_made_again(sshd):
    to = Connection(sshd.login)
    assert to.run(["true"]).status == 0
    sshd.cut()
    with pytest.raises(Lost):
        cut_while(to, sshd)
    assert to.run(["true"]).status == 0


def cut_while(to, sshd):
    cutter = threading.Timer(0.2, sshd.cut)
    cutter.start()
    try:
        to.run(["sleep", "1"])
    finally:
        cutter.join()
