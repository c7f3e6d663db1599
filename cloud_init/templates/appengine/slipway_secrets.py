"""Brings what is secret of the environment from Secret Manager, as the server starts."""

import base64
import json
import os
import time
import urllib.request

METADATA = "http://{}/computeMetadata/v1/instance/service-accounts/default/token"


def bring():
    """Puts what `SLIPWAY_SECRETS` names, addresses by variable, into the environment. Ends the
    start with one line where one can't be had."""
    name = "the account's token"
    try:
        told = asked(METADATA.format(os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")), "Metadata-Flavor", "Google")
        for name, address in json.loads(os.environ["SLIPWAY_SECRETS"]).items():
            found = asked(f"{address}:access", "Authorization", f"Bearer {told['access_token']}")
            os.environ[name] = base64.b64decode(found["payload"]["data"]).decode()
    except (OSError, ValueError, LookupError) as error:  # without what was answered: it could be the secret
        why = f"HTTP {error.code}" if hasattr(error, "code") else type(error).__name__
        raise SystemExit(f"slipway: {name}: wanted from Secret Manager, found {why}; see the account's rights") from None


def asked(address, header, value):
    """The answer, as JSON. What may pass is tried again."""
    for pause in (0.5, 1, 2, None):
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers={header: value}), timeout=10) as answer:
                return json.load(answer)
        except OSError as error:
            if pause is None or getattr(error, "code", 500) in (400, 401, 403, 404):
                raise
        time.sleep(pause)
