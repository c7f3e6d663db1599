"""Nothing is sent to a server whose key isn't the one that was wanted."""

import os
import pty
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sshd import Sshd

from components.errors import Lost, MissingError, SlipwayError
from components.ssh.connection import Connection, HostKeyError, note


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
    logins = [sshd.unpinned(accept_new=True, address=f"192.0.2.{number}", port=22) for number in range(1, 33)]
    start = threading.Barrier(len(logins))

    def noted(login):
        start.wait(10)
        note(login, line)

    with ThreadPoolExecutor(max_workers=len(logins)) as pool:
        list(pool.map(noted, logins))
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
    with pytest.raises(Lost, match="the connection was lost during `sh`"):
        cut_while(to, sshd)
    assert to.run(["true"]).status == 0


def cut_while(to, sshd):
    begun = sshd.folder / "begun"

    def cut():
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.01)
        sshd.cut()

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        to.run(["sh", "-c", f"touch {begun}; sleep 60"])
    finally:
        cutter.join()


def test_a_server_may_have_a_certificate(sshd):
    """A pinned authority's certificate lets in; of one that nobody knows the key itself is told."""
    sshd.stop()
    sshd.make_key("authority")
    signed = ["ssh-keygen", "-q", "-s", sshd.folder / "authority", "-I", "one", "-h", "-n", "127.0.0.1", sshd.folder / "host.pub"]
    subprocess.run(signed, check=True)
    sshd.start(HostCertificate=sshd.folder / "host-cert.pub")
    authority = f"@cert-authority 127.0.0.* {' '.join((sshd.folder / 'authority.pub').read_text().split()[:2])}"
    assert Connection(replace(sshd.login, host_keys=(authority,))).run(["true"]).status == 0
    assert Connection(sshd.login).run(["true"]).status == 0
    with pytest.raises(HostKeyError) as caught:
        Connection(sshd.unpinned()).open()
    assert sshd.line in str(caught.value)
    with pytest.raises(HostKeyError, match="HAS CHANGED"):
        Connection(replace(sshd.login, host_keys=(f"@revoked {sshd.line}",))).open()


def test_a_pin_that_is_cut_is_refused_not_passed_over(sshd):
    sshd.empty.write_text(sshd.line + "\n")
    with pytest.raises(SlipwayError, match=r"slipway:ssh\.hostKeys: wanted lines of host keys, found one that is none"):
        Connection(replace(sshd.login, host_keys=(sshd.line[:-4],))).open()


def test_the_users_own_configuration_leads_there(sshd, tmp_path, monkeypatch):
    """By another name, through a jump host; who is unknown behind one is told as well."""
    (tmp_path / "jump").mkdir(mode=0o700)
    jump = Sshd(tmp_path / "jump")
    jump.start()
    (tmp_path / "hosts").write_text(f"{jump.line}\n")
    (tmp_path / "config").write_text(f"""
        Host behind
            HostName 127.0.0.1
            ProxyJump jump
        Host jump
            HostName 127.0.0.1
            Port {jump.port}
            User {sshd.login.user}
            IdentityFile {jump.folder}/user
            IdentitiesOnly yes
            UserKnownHostsFile {tmp_path}/hosts
        Host *
            RemoteCommand no-such-command
            RequestTTY force
    """)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {tmp_path}/config "$@"\n')
    (tmp_path / "bin/ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    try:
        to = Connection(replace(sshd.login, address="behind"))
        assert to.run(["printenv", "SSH_CONNECTION"]).status == 0
        assert len(children(jump)) == 1
        with pytest.raises(HostKeyError, match=r"its host key SHA256:.* is not known"):
            Connection(sshd.unpinned(address="behind")).open()
        (tmp_path / "hosts").write_text("")
        with pytest.raises(HostKeyError, match="the key of a host on the way is refused"):
            Connection(replace(sshd.login, address="behind")).open()
        (tmp_path / "config").write_text("Nonsense yes\n")
        with pytest.raises(SlipwayError, match=r"Bad configuration option: nonsense.* mend it"):
            Connection(replace(sshd.login, address="behind")).open(60)
    finally:
        jump.stop()


def children(sshd):
    return Path(f"/proc/{sshd.process.pid}/task/{sshd.process.pid}/children").read_text().split()


def test_a_status_is_the_commands_own_even_that_of_the_program(sshd):
    to = Connection(sshd.login)
    for status in (0, 1, 254, 255):
        assert to.run(["sh", "-c", f"exit {status}"]).status == status
    assert to.run(["sh", "-c", "kill -9 $$"]).status != 0


def test_a_server_that_takes_no_more_commands_gets_another_connection(sshd):
    sshd.stop()
    sshd.start(MaxSessions=2)
    to = Connection(sshd.login)
    pipe = to.pipe(["cat"])
    pipe.send(b"there\n")
    assert pipe.answers.readline() == b"there\n"
    with pytest.raises(Lost, match=r"the connection was lost .*refused.* during `true`"):
        to.run(["true"])
    assert to.run(["true"]).status == 0
    pipe.send(b"still\n")
    assert pipe.answers.readline() == b"still\n"
    pipe.close()


def test_commands_of_many_threads_share_one_connection(sshd):
    to, data = Connection(sshd.login), bytes(range(256)) * 4096
    with ThreadPoolExecutor(max_workers=8) as pool:
        assert {done.out for done in pool.map(lambda _: to.run(["cat"], data), range(16))} == {data}
    assert len(children(sshd)) == 1


def test_without_the_program_it_is_said(sshd, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingError, match="wanted the program ssh, found none; install it"):
        Connection(sshd.login).open(60)


def test_a_terminal_here_is_one_there(sshd):
    """Each key goes there, Ctrl-C too."""
    script = "import sys; from components.ssh import connection; from components.ssh.connection import Login; "
    given = f"to = connection.to(Login(**{ {**vars(sshd.login)} })); "
    words = ["sh", "-c", "tty; trap 'echo heard; exit 7' INT; echo ready; while :; do sleep 0.1; done"]
    child, terminal = pty.fork()
    if not child:
        os.execv(sys.executable, [sys.executable, "-c", f"{script}{given}sys.exit(to.attach({words}))"])
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    with suppress(OSError):
        while more := os.read(terminal, 1000):
            said += more
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert b"/dev/pts" in said
    assert b"heard" in said
