"""An emulated account of Google Cloud: what Terraform's provider asks by REST, as far as stacks need it.

Whatever is put into a collection is there, with what Google adds to it (google_things.py); what it begins is done at once. It refuses
what is there twice, what isn't there, what is named by something else, and what is locked or holds something.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google_things as things
from answers import serving
from google_things import Body, Refused

ALL = "/-/all"
"""What answers all there is: what it is of, as (service, path)."""


@dataclass
class Account:
    """`there`: bodies by path."""

    there: dict[str, Body] = field(default_factory=dict)
    policies: dict[str, Body] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: count(10**15))
    unknown: list[str] = field(default_factory=list)
    """What was asked and isn't emulated."""

    def answer(self, method: str, path: str, asked: Mapping[str, str], body: Body) -> Any:
        """Raises `Refused`."""
        for pattern, special in _SPECIAL:
            if found := re.fullmatch(pattern, path):
                return special(self, method, found, asked, body)
        return getattr(self, f"_{method.lower()}")(path, asked, body)

    def _get(self, path: str, asked: Mapping[str, str], body: Body) -> Body:
        if path in self.there:
            return self.there[path]
        members = [one for at, one in self.there.items() if at.rpartition("/")[0] == path]
        if members or path.rpartition("/")[2] in things.COLLECTIONS:
            return {"items": members, path.rpartition("/")[2]: members}
        raise Refused(404, path)

    def _post(self, path: str, asked: Mapping[str, str], body: Body) -> Body:
        ids = [value for name, value in asked.items() if name == "name" or name.endswith("Id")]
        name = str(body.get("name") or (ids or [f"{next(self.numbers)}"])[0]).rpartition("/")[2]
        if path.rpartition("/")[2] not in things.COLLECTIONS:
            self.unknown.append(f"POST {path}")
            raise Refused(404, path)
        return self.made(f"{path}/{name}", body)

    def made(self, at: str, body: Body) -> Body:
        """Puts it there."""
        if at in self.there:
            raise Refused(409, f"{at} already exists")
        things.complete(self.there, at, body, next(self.numbers))
        self.there[at] = body
        return self.done(at, "insert")

    def _patch(self, path: str, asked: Mapping[str, str], body: Body) -> Body:
        merged(self._get(path, asked, {}), body)
        return self.done(path, "update")

    def _put(self, path: str, asked: Mapping[str, str], body: Body) -> Body:
        self._get(path, asked, {}).update(body)
        return self.done(path, "update")

    def _delete(self, path: str, asked: Mapping[str, str], body: Body) -> Body:
        gone = self._get(path, asked, {})
        things.refuse_removal(self.there, path, gone)
        also = things.goes_with(path, gone)
        self.there = {at: one for at, one in self.there.items() if at not in (path, *also) and not at.startswith(f"{path}/")}
        self.there |= things.left_by(path, gone)
        self.policies.pop(path, None)
        return self.done(path, "delete")

    def done(self, path: str, what: str) -> Body:
        """What a service answers that has done it."""
        service, body = path.split("/")[1], self.there.get(path, {})
        if service in ("storage", "dns", "monitoring", "iam"):
            return body
        name = f"operation-{next(self.numbers)}"
        if service == "compute":
            scope = re.match(r"(/compute/v1/projects/[^/]+/(?:global|regions/[^/]+|zones/[^/]+))/", path)
            assert scope, path
            operation = {
                "name": name,
                "status": "DONE",
                "progress": 100,
                "operationType": what,
                **things.linked(f"{scope[1]}/operations/{name}"),
            }
            self.there[f"{scope[1]}/operations/{name}"] = {**operation, "targetLink": things.LINKS + path, **things.where(path)}
            return self.there[f"{scope[1]}/operations/{name}"]
        if service == "sql":
            at = "/".join([*path.split("/")[:5], "operations", name])
            self.there[at] = {"name": name, "status": "DONE", "operationType": what, "targetProject": path.split("/")[4]}
            return self.there[at]
        return {"name": f"operations/{name}", "done": True, "response": {"@type": "x", **body}}

    def all(self) -> list[tuple[str, str]]:
        """What there is but operations; of copies what they are of."""
        return sorted(
            (str(one.get("copy") or at.split("/")[1]), str(one.get("of") or at))
            for at, one in self.there.items()
            if "/operations/" not in at and not one.get("hidden")
        )


def _policy(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """Rights to a thing."""
    if method == "PUT" or found[0].endswith(":setIamPolicy"):
        account.policies[found[1]] = {**body.get("policy", body), "etag": str(next(account.numbers))}
    return account.policies.get(found[1], {"etag": "A", "bindings": []})


def _identity(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """A new service account."""
    email = f"{body['accountId']}@{found[2]}.iam.gserviceaccount.com"
    number = str(next(account.numbers))
    whole = {"name": f"projects/{found[2]}/serviceAccounts/{email}", "email": email, "uniqueId": number, "projectId": found[2], "etag": "A"}
    return account.made(f"{found[1]}/{email}", {**body.get("serviceAccount", {}), **whole})


def _verb(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """Changes of one part of a thing of Compute Engine."""
    path, verb = found[1], found[2]
    thing = account.answer("GET", path, {}, {})
    if verb == "setMetadata":
        thing["metadata"] = {**body, "fingerprint": "B"}
    elif verb == "setLabels":
        thing["labels"] = body.get("labels", {})
    elif verb == "setDeletionProtection":
        thing["deletionProtection"] = asked["deletionProtection"] == "true"
    elif verb == "attachDisk":
        disk = {**body, "index": 1, "type": "PERSISTENT", "mode": body.get("mode") or "READ_WRITE"}
        thing["disks"].append(disk)
    elif verb == "detachDisk":
        thing["disks"] = [one for one in thing["disks"] if one["deviceName"] != asked["deviceName"]]
    else:
        account.unknown.append(f"{method} {found[0]}")
        raise Refused(404, found[0])
    return account.done(path, verb)


def _gone(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """A policy of extensions goes as it came: by a rollout, which has to be said."""
    if body.get("predefinedRolloutPlan") not in ("FAST_ROLLOUT", "SLOW_ROLLOUT"):
        raise Refused(400, f"{found[0]}: no rollout")
    return account.answer("DELETE", found[1], {}, {})


def _autoscaler(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """Changed by its collection, with its name asked for."""
    if method in ("PATCH", "PUT"):
        return account.answer(method, f"{found[0]}/{asked['autoscaler']}", {}, body)
    return account._post(found[0], asked, body) if method == "POST" else account._get(found[0], asked, body)


def _records(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """Records of a zone, changed together."""
    zone = found[1]
    account.answer("GET", zone, {}, {})
    for one in body.get("deletions", []):
        account.there.pop(f"{zone}/rrsets/{one['name']}:{one['type']}", None)
    for one in body.get("additions", []):
        account.made(f"{zone}/rrsets/{one['name']}:{one['type']}", dict(one))
    return {**body, "id": "1", "status": "done"}


def _listed_records(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    records = [one for at, one in account.there.items() if at.startswith(f"{found[0]}/")]
    return {"rrsets": [one for one in records if all(one.get(name) == value for name, value in asked.items() if name in ("name", "type"))]}


def _users(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """Users of a database's server."""
    if method == "POST":
        return account.made(f"{found[0]}/{body['name']}", body)
    if method == "DELETE":
        return account.answer("DELETE", f"{found[0]}/{asked['name']}", {}, {})
    return {"items": [{**one, "password": None} for at, one in account.there.items() if at.startswith(f"{found[0]}/")]}


def _switched(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    """Services that are switched on; one is never off for long."""
    if method == "POST":
        account.services |= set(body.get("serviceIds", [])) or {found[2].partition(":")[0].strip("/")}
        return {"name": "operations/1", "done": True, "response": {"@type": "x"}}
    on: list[Body] = [{"name": f"{found[1]}/{one}", "config": {"name": one}, "state": "ENABLED"} for one in sorted(account.services)]
    return {"services": on}


def _project(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    return {"projectId": found[1], "projectNumber": "123456789", "lifecycleState": "ACTIVE", "name": found[1]}


def _read_only(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    return things.read_only(found[0])


def _operation(account: Account, method: str, found: re.Match[str], asked: Mapping[str, str], body: Body) -> Body:
    return account.there.get(found[0], {"name": found[0], "status": "DONE", "done": True, "response": {"@type": "x"}})


_SPECIAL = (
    (r"/compute/v1/projects/[^/]+/global/images(?:/family)?/[^/]+", _read_only),
    (r"/compute/v1/projects/[^/]+(?:/zones|/zones/[^/]+|/regions/[^/]+)?", _read_only),
    (r"/compute/v1/projects/[^/]+/zones/[^/]+/machineTypes/[^/]+", _read_only),
    (r"(/compute/v1/projects/.+)/(set\w+|attachDisk|detachDisk)", _verb),
    (r"(/compute/v1/projects/[^/]+/global/vmExtensionPolicies/[^/]+)/delete", _gone),
    (r"/compute/v1/projects/[^/]+/regions/[^/]+/autoscalers", _autoscaler),
    (r"(/storage/v1/b/[^/]+)/iam", _policy),
    (r"(.+):[gs]etIamPolicy", _policy),
    (r"(/iam/v1/projects/([^/]+)/serviceAccounts)", _identity),
    (r"/resourcemanager/v1/projects/([^/:]+)", _project),
    (r"/serviceusage/v1/(projects/[^/]+/services)(.*)", _switched),
    (r"(/dns/v1/projects/[^/]+/managedZones/[^/]+)/changes(?:/.*)?", _records),
    (r"/dns/v1/projects/[^/]+/managedZones/[^/]+/rrsets", _listed_records),
    (r"/sql/v1beta4/projects/[^/]+/instances/[^/]+/users", _users),
    (r".*/operations/[^/]+", _operation),
)


def merged(whole: Body, part: Body) -> None:
    """A change of some parts."""
    for name, value in part.items():
        if isinstance(value, dict) and isinstance(whole.get(name), dict):
            merged(whole[name], value)
        else:
            whole[name] = value


@contextmanager
def emulated() -> Iterator[tuple[str, Account]]:
    """The address of the service, and the account, which has what stack files take for granted."""
    account, lock = Account(), threading.Lock()
    for path, body in things.GIVEN.items():
        account.made(path, dict(body))

    class Rest(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *_: Any) -> None:
            pass

        def answer(self) -> None:
            parts, length = urlsplit(self.path), int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}") if length else {}
            asked = {name: value for name, [value, *_] in parse_qs(parts.query).items()}
            with lock:
                try:
                    path = unquote(parts.path).rstrip("/")
                    status, found = 200, account.all() if path == ALL else account.answer(self.command, path, asked, body)
                except Refused as refused:
                    status, found = refused.status, refused.told()
                data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815  the base class's names

    with serving(Rest) as address:
        yield address, account
