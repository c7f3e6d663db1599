"""The firewall that comes with a release never locks out who launches it: asked of the server, which sees where they come from."""

from types import SimpleNamespace
from typing import Any

import pytest

from components.errors import SlipwayError
from components.ssh import bring_up


def check(allowed, seen):
    to: Any = SimpleNamespace(login="shop@server", run=lambda words: SimpleNamespace(out=seen.encode()))
    bring_up._check_way_back(to, {"sshFrom": allowed})


@pytest.mark.parametrize(
    ("allowed", "seen"),
    [
        (None, "198.51.100.1 50000 10.0.0.5 22\n"),
        (["203.0.113.0/24"], "203.0.113.7 50000 10.0.0.5 22\n"),
        (["203.0.113.0/24"], "::ffff:203.0.113.7 50000 ::ffff:10.0.0.5 22\n"),  # sshd listens on both families at once
        (["2001:db8::/32"], "2001:db8::7 50000 2001:db8::5 22\n"),
        (["203.0.113.0/24"], ""),  # not told
    ],
)
def test_who_is_in_the_list_is_let_in(allowed, seen):
    check(allowed, seen)


@pytest.mark.parametrize(("allowed", "found"), [(["203.0.113.0/24", "2001:db8::/32"], "203.0.113.0/24, 2001:db8::/32"), ([], "none")])
def test_who_would_be_locked_out_is_told(allowed, found):
    with pytest.raises(SlipwayError) as refused:
        check(allowed, "198.51.100.1 50000 10.0.0.5 22\n")
    assert str(refused.value) == (f"slipway:ssh.sshFrom: wanted 198.51.100.1 in it, from where shop@server is reached now, found {found}")
