"""Brings what is secret of the environment from Secret Manager, as the server starts.

`SLIPWAY_SECRETS` says which versions: names of variables and their addresses, as JSON."""

import base64
import json
import os
import time
import urllib.request

_SECONDS = 10
_TRIES = 4


def bring():
    """Puts them into the environment. Ends the start with one line where one can't be had."""
    wanted = json.loads(os.environ.get("SLIPWAY_SECRETS") or "{}")
    host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
    account = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
    name = "its account's token"
    try:
        if wanted:
            token = _asked(account, {"Metadata-Flavor": "Google"})["access_token"]
        for name, address in wanted.items():
            answer = _asked(f"{address}:access", {"Authorization": f"Bearer {token}"})
            os.environ[name] = base64.b64decode(answer["payload"]["data"]).decode()
    except (OSError, ValueError, LookupError) as error:  # no text of an answer, which could be the secret
        why = f"HTTP {error.code}" if hasattr(error, "code") else type(error).__name__
        raise SystemExit(f"slipway: {name}: wanted from Secret Manager, found {why}; see the account's rights") from None


def _asked(address, headers):
    for left in reversed(range(_TRIES)):
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=_SECONDS) as answer:
                return json.load(answer)
        except OSError as error:
            if not left or getattr(error, "code", 500) in (400, 401, 403, 404):
                raise
            time.sleep(0.5)
