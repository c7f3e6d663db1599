"""The release store as a host uses it: it reads releases and writes its outcomes."""

import json
from pathlib import Path
from typing import Any

from .. import contracts, stores
from ..base import masking
from ..base.outcome import Refused
from ..contracts.manifest import INSTALL


class HostStore:
    """The store at that address, for the host of that name."""

    def __init__(self, address: str, host: str) -> None:
        self.objects = stores.connect(address)
        self.host = host

    def file(self, name: str, place: Path) -> Path:
        """The object as a file, at `place` if it must be fetched. Raises `Refused` without one."""
        path = self.objects.file(name, place)
        if path is None:
            raise self._nothing(name)
        return path

    def json(self, name: str) -> dict[str, Any]:
        """The object read as JSON. Raises `Refused` if there is none, or a damaged one."""
        data = self.objects.get(name)
        if data is None:
            raise self._nothing(name)
        return _object(name, data)

    def secrets(self, release: str, role: str = "web") -> dict[str, Any]:
        """The secrets of a release for that role; empty if there are none."""
        name = f"secrets/{role}/{release}.json"
        data = self.objects.get(name)
        secrets = {} if data is None else _object(name, data)
        masking.know(secrets)
        return secrets

    def installer(self, release: str) -> dict[str, str]:
        """The variables that the installer of a release's requirements alone is given."""
        return dict(json.loads(self.secrets(release).get(INSTALL, "{}")))

    def write(self, what: str, value: object) -> None:
        """Writes `outcomes/HOST/WHAT.json`; WHAT is a generation, `heartbeat` or `progress`."""
        text = masking.masked(json.dumps(contracts.document(value), indent=1, sort_keys=True)) + "\n"
        self.objects.put(f"outcomes/{self.host}/{what}.json", text.encode())

    def _nothing(self, name: str) -> Refused:
        return Refused(f"store: wanted {name}, found nothing in {self.objects.address}; run `up` again to publish it")


def _object(name: str, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise Refused(f"store: {name} is damaged ({error}); run `up` again to publish it") from None
    if not isinstance(value, dict):
        raise Refused(f"store: {name} is damaged (no object); run `up` again to publish it")
    return value
