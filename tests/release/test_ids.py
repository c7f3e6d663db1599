"""Release ids: keyed, canonical, and changed by whatever a release is made of."""

import asyncio
import hashlib
import hmac
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.release.core import Release, whole
from components.release.ids import app_key, release_id

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


@pytest.mark.parametrize(
    ("public", "secret", "wanted"),
    [
        ({}, {}, app_key("one")),
        ({}, {"SECRET_KEY": "mine"}, "mine"),
        ({"SECRET_KEY": "mine"}, {}, None),
        ({}, {"OTHER": "x"}, app_key("one")),
    ],
)
def test_the_apps_key_is_the_stacks_unless_a_person_gave_one(public: dict[str, str], secret: dict[str, str], wanted: str | None) -> None:
    async def made() -> tuple[Any, bool]:
        manifest: Any = SimpleNamespace(environment=public)
        found = Release(manifest, Path()).secrets(pulumi.Output.from_input("one"), pulumi.Output.from_input(secret))
        return await whole(found).future(), await found.is_secret()

    found, hidden = asyncio.run(made())
    assert found == {**secret, **({"SECRET_KEY": wanted} if wanted else {})}
    assert hidden


def test_the_apps_key_tells_nothing_and_differs_between_stacks() -> None:
    assert len({app_key("one"), app_key("two"), "one", "two"}) == 4
    assert app_key("one") == app_key("one")
    assert release_id("one", "c", {}, {}) not in app_key("one")
