"""A server for the tests: a real sshd on this machine's loopback, started for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sshd import SSHD, Sshd


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    if SSHD is None:
        pytest.skip("needs sshd (openssh-server)")
    folder = tmp_path / "sshd"
    folder.mkdir(mode=0o700)
    made = Sshd(folder)
    made.program("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    made.start()
    yield made
    made.stop()
