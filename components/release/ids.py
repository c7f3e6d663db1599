"""Ids of code and of releases: short, public, equal on every machine, without a word of secrets."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

LENGTH = 12  # hex digits
SECRET_KEY = "SECRET_KEY"
"""What apps sign sessions with, as most of them call it."""


def release_id(key: str, code_id: str, manifest: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """The id of a release: 12 hex digits, keyed so that nobody can try out an environment.

    `manifest` as JSON; an `id` in it doesn't count. `environment`: public and secret together."""
    if not key:
        raise ValueError("a release id needs the stack's key; an empty one would hide nothing")
    content = {
        "code": code_id,
        "manifest": {name: value for name, value in manifest.items() if name != "id"},
        "environment": dict(environment),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:LENGTH]


def app_key(key: str) -> str:
    """The app's `SECRET_KEY`, 64 hex digits, of the stack's key: it stays as long as that does, and
    tells nothing about it, nor does an id tell of this: what ids are made of begins with `{`."""
    return hmac.new(key.encode(), SECRET_KEY.encode(), hashlib.sha256).hexdigest()
