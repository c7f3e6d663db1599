"""How commands end: a user's mistake is a block of words, an unexpected error is one line and a file."""

import os
import signal
import time

import pytest

from components.errors import LockedError, MissingError, SlipwayError, UsageError
from ops.__main__ import main


@pytest.mark.parametrize(
    ("error", "code"),
    [(SlipwayError("no"), 1), (UsageError("no"), 2), (MissingError("no"), 3), (LockedError("no"), 4)],
)
def test_errors_have_their_exit_codes(world, slipway, error, code):
    world.deployment = lambda *arguments: (_ for _ in ()).throw(error)
    done = slipway("logs")
    assert (done.exit_code, done.stderr, done.stdout) == (code, "slipway: no\n", "")


def test_an_unexpected_error_is_one_line_and_a_private_file(world, slipway, tmp_path):
    world.deployment = lambda *arguments: 1 / 0
    done = slipway("-s", "prod", "logs")
    log = tmp_path / ".slipway" / "prod" / "crash.log"
    assert done.exit_code == 1
    assert done.stderr == ("slipway: internal error: ZeroDivisionError: division by zero (details in .slipway/prod/crash.log)\n")
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o055 == 0o055


def test_ctrl_c_says_how_to_see_what_serves(world, slipway, monkeypatch):
    monkeypatch.setattr("sys.unraisablehook", None)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    world.deployment = interrupted
    done = slipway("logs")
    assert done.exit_code == 130
    assert done.stderr.startswith("slipway: interrupted; what serves: ./slipway -s dev status")


def test_being_ended_is_as_ctrl_c(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("ops.cli.app", lambda **options: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(5))
    try:
        with pytest.raises(KeyboardInterrupt):
            main()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_wrong_command_is_usage(slipway):
    done = slipway("pu")
    assert (done.exit_code, "No such command" in done.stderr) == (2, True)


@pytest.mark.parametrize("name", ["../x", "a b", "-x", ""])
def test_a_stack_name_is_a_file_name(name):
    from ops.stack import workplace

    with pytest.raises(UsageError, match="--stack"):
        workplace.check_name(name)


@pytest.mark.parametrize(("given", "stack"), [("prod", "prod"), ("organisation/slipway/prod", "prod")])
def test_the_stack_comes_from_option_then_variable(world, slipway, monkeypatch, given, stack):
    seen = []
    monkeypatch.setattr("ops.stack.workplace.enter", lambda call: seen.append(call.stack) or world.enter(call))
    slipway("status", "-s", given)
    slipway("-s", given, "status")
    monkeypatch.setenv("SLIPWAY_STACK", given)
    slipway("status")
    monkeypatch.delenv("SLIPWAY_STACK")
    slipway("status")
    assert seen == [stack, stack, stack, "dev"]
