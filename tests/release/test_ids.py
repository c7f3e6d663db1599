"""Release ids: keyed, canonical, and changed by whatever a release is made of."""

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.release.ids import release_id

MANIFEST: dict[str, Any] = {"schema": 1, "files": [{"path": "files/a", "content": "é"}], "python": None}
ENVIRONMENT = {"SECRET_KEY": "hunter2", "DEBUG": "0"}


def test_the_id_is_the_one_that_is_promised() -> None:
    text = (
        '{"code":"0123456789ab","environment":{"DEBUG":"0","SECRET_KEY":"hunter2"},'
        '"manifest":{"files":[{"content":"\\u00e9","path":"files/a"}],"python":null,"schema":1}}'
    )
    wanted = hmac.new(b"key", text.encode(), hashlib.sha256).hexdigest()[:12]
    assert release_id("key", "0123456789ab", MANIFEST, ENVIRONMENT) == wanted


def test_its_own_id_is_no_part_of_it() -> None:
    assert release_id("key", "c", {**MANIFEST, "id": "x"}, {}) == release_id("key", "c", MANIFEST, {})


@pytest.mark.parametrize(
    "other",
    [
        ("other", "c", MANIFEST, ENVIRONMENT),
        ("key", "d", MANIFEST, ENVIRONMENT),
        ("key", "c", {**MANIFEST, "python": "3.13"}, ENVIRONMENT),
        ("key", "c", MANIFEST, {**ENVIRONMENT, "SECRET_KEY": "rotated"}),
        ("key", "c", MANIFEST, {"SECRET_KEY": "hunter2"}),
    ],
)
def test_every_part_counts(other: tuple[str, str, dict[str, Any], dict[str, str]]) -> None:
    assert release_id(*other) != release_id("key", "c", MANIFEST, ENVIRONMENT)


@given(st.dictionaries(st.text(), st.text(), max_size=5), st.dictionaries(st.text(), st.integers() | st.text(), max_size=5))
def test_order_is_no_matter(environment: dict[str, str], manifest: dict[str, Any]) -> None:
    turned = dict(reversed(environment.items())), dict(reversed(manifest.items()))
    first = release_id("key", "c", manifest, environment)
    assert release_id("key", "c", turned[1], turned[0]) == first
    assert len(first) == 12
    assert set(first) <= set("0123456789abcdef")


def test_a_key_there_must_be() -> None:
    with pytest.raises(ValueError, match="key"):
        release_id("", "c", {}, {})
