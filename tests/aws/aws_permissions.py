"""What AWS would answer a host: the store's requests as actions, decided by a simulator that reads policies as AWS does."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_HERE = Path(__file__).parent / "permissions"
_REQUEST = re.compile(r'"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/[\d.]+" (\d+)')
_COLOUR = re.compile(r"\x1b\[\d*m")


@dataclass(frozen=True)
class Call:
    """`name`: the object's; of a listing what names must begin with, None: all."""

    action: str
    name: str | None

    def question(self, bucket: str, who: str, policies: Sequence[Any], bucket_policy: Any, tls: bool = True) -> dict[str, Any]:
        """As the simulator takes it, asked by the host `who`."""
        context = {"aws:userid": who, "aws:SecureTransport": "true" if tls else "false"}
        listing = self.action.startswith("s3:List")
        if listing and self.name is not None:
            context["s3:prefix"] = self.name
        resource = bucket if listing else f"{bucket}/{self.name}"
        return {"action": self.action, "resource": resource, "context": context, "policies": [*policies], "bucketPolicy": bucket_policy}


class Simulator:
    """In `folder`, where npm installs it once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for path in _HERE.iterdir():
            shutil.copy(path, folder)
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"], cwd=folder, check=True)

    def __call__(self, questions: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Which of them are allowed."""
        done = subprocess.run(
            ["node", "decide.mjs"], cwd=self._folder, input=json.dumps(questions), capture_output=True, text=True, check=True
        )
        answers = json.loads(done.stdout)
        unclear = [one for one in answers if one not in ("Allowed", "ImplicitlyDenied", "ExplicitlyDenied")]
        assert not unclear, unclear
        return [one == "Allowed" for one in answers]


def calls(log: str, bucket: str) -> Iterator[Call]:
    """The actions behind the requests in a server's log. One that finds nothing is also a look whether something is there."""
    for method, address, status in _REQUEST.findall(_COLOUR.sub("", log)):
        parts = urlsplit(address)
        path, query = unquote(parts.path).lstrip("/"), parse_qs(parts.query, keep_blank_values=True)
        owner, _, name = path.partition("/")
        if owner != bucket:
            continue
        if not name:
            yield from () if "delete" in query else (Call("s3:ListBucket", query.get("prefix", [None])[0]),)
            continue
        yield Call(_action(method, query), name)
        if status == "404":
            yield Call("s3:ListBucket", name)


def _action(method: str, query: Mapping[str, Any]) -> str:
    if method in ("GET", "HEAD"):
        return "s3:GetObject"
    if method == "DELETE":
        return "s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject"
    return "s3:PutObject"
