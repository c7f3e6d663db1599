"""A project's App Engine and the services around it, asked by REST with application-default
credentials. Errors that a user can cause are one line."""

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from google import auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport import requests as transport
from requests import RequestException
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from components.errors import MissingError, SlipwayError, UsageError, one_line
from components.gcp.control import account

ADDRESS = "https://{}.googleapis.com"
PAUSE = 2.0
"""Seconds between two looks at what Google is at."""
_LOGIN = "run: gcloud auth application-default login; or set GOOGLE_APPLICATION_CREDENTIALS to a service account's file"
_LOCATIONS = {"europe-west1": "europe-west", "us-central1": "us-central"}  # as App Engine calls those regions


class Services:
    """What one project's services are asked. `app`: the path of its App Engine."""

    def __init__(self, project: str) -> None:
        self.project, self.app = project, f"v1/apps/{project}"

    @cached_property
    def _session(self) -> Any:
        kind: Any = transport.AuthorizedSession
        session = kind(auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])[0])
        # Only reading: nobody knows what a change did that was cut off.
        again = Retry(4, backoff_factor=PAUSE / 4, status_forcelist=(429, 502, 503), allowed_methods=("GET",), raise_on_status=False)
        session.mount(f"{ADDRESS.partition('//')[0]}//", HTTPAdapter(max_retries=again))
        return session

    def ask(self, method: str, service: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """The answer of a service such as `appengine`, empty where there is nothing to get. `body`:
        JSON, or a file. Raises `SlipwayError`."""
        content = {"json": body} if isinstance(body, Mapping) else {"data": body}
        try:
            answer = self._session.request(method, f"{ADDRESS.format(service)}/{path}", params=query, timeout=(10, 300), **content)
            told = dict(answer.json()) if answer.content else {}
        except GoogleAuthError as error:
            raise MissingError(f"google: wanted a login, found none ({one_line(str(error), 200)}); {_LOGIN}") from None
        except (RequestException, ValueError) as error:
            raise SlipwayError(f"google, {service}: not reachable ({one_line(str(error), 200)}); run it again") from None
        if (method, answer.status_code) == ("GET", 404):
            return {}
        if not answer.ok:
            said = str(told.get("error", {}).get("message", told))
            raise account.translated(said, f"{method} {service} {path}", self.project, "gcp-appengine")
        return told

    def found(self, path: str = "", **query: Any) -> dict[str, Any]:
        """What App Engine has at that path, or itself; empty where there is nothing."""
        return self.ask("GET", "appengine", self.app + path, **query)

    def done(self, service: str, operation: Mapping[str, Any]) -> None:
        """Waits until an operation is over. Raises `SlipwayError` with Google's reason."""
        while not operation.get("done"):
            time.sleep(PAUSE)
            operation = {**operation, **self.ask("GET", service, f"v1/{operation['name']}")}
        if error := operation.get("error"):
            raise SlipwayError(one_line(" ".join(str(error["message"]).split()), 1000))

    def change(self, method: str, path: str, body: Any = None, mask: str | None = None) -> None:
        """Has App Engine do that at a path; returns once it is done."""
        self.done("appengine", self.ask(method, "appengine", self.app + path, body, updateMask=mask))

    def make_application(self, region: str) -> str:
        """The host name of App Engine, which is made where there is none. Raises `UsageError` where
        it is in another region."""
        location = _LOCATIONS.get(region, region)
        if not self.found():
            self.done("appengine", self.ask("POST", "appengine", "v1/apps", {"id": self.project, "locationId": location}))
        if (there := self.found())["locationId"] != location:
            wanted = f"wanted {there['locationId']}, where App Engine of {self.project} is for ever, found {region}"
            raise UsageError(f"slipway:gcp-appengine.region: {wanted}; set that one, or take another project")
        self.switch("SERVING")
        return str(there["defaultHostname"])

    def switch(self, status: str) -> None:
        """Has App Engine answer users (`SERVING`) or nobody (`USER_DISABLED`)."""
        if self.found().get("servingStatus", status) != status:
            self.change("PATCH", "", {"servingStatus": status}, mask="servingStatus")
