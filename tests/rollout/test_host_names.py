"""What people are shown of a host's name, wherever it is told."""

import pytest

from components.hosts import progress
from components.hosts.names import full, short


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("AROAEXAMPLE:i-0123", "i-0123"),
        ("web-1", "web-1"),
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8::5", "2001:db8::5"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://a.example", "http://a.example"),
    ],
)
def test_what_is_before_the_name_is_left_out(name: str, wanted: str) -> None:
    assert short(name) == wanted


def test_the_identity_comes_before_the_name() -> None:
    assert short(full("AROAEXAMPLE", "i-0123")) == "i-0123"


def test_progress_tells_it_so() -> None:
    heard: list[str] = []
    with progress.listen(lambda event: heard.append(event.host)):
        progress.tell("AROAEXAMPLE:i-0123", {"event": "note", "text": "hello"})
        progress.report("AROAEXAMPLE:i-0123", "start", "done")
    assert heard == ["i-0123", "i-0123"]
