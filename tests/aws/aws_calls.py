"""What was asked of the account, as the actions that a policy names."""

import ast
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cases import ROOT

POLICY = ROOT / "docs/targets/aws-ec2-policy.json"
"""For whoever launches."""
_TAGS = "AWS asks it of whoever makes something with tags"
NOT_SEEN = {
    "acm:AddTagsToCertificate": _TAGS,
    "autoscaling:CreateOrUpdateTags": _TAGS,
    "autoscaling:StartInstanceRefresh": "another image",
    "cloudwatch:TagResource": _TAGS,
    "ec2:StartInstances": "another size of a server",
    "elasticloadbalancing:AddTags": _TAGS,
    "iam:CreateServiceLinkedRole": "the first of a service's in an account",
    "iam:PassRole": "a server that gets a role",
    "iam:TagInstanceProfile": _TAGS,
    "iam:TagRole": _TAGS,
    "rds:AddTagsToResource": _TAGS,
    "rds:CreateDBSnapshot": "the last snapshot of a database that goes",
    "s3:DeleteObjectVersion": "versions of what lies in a bucket that goes",
    "s3:PutObject": "releases and what hosts should do",
    "sns:TagResource": _TAGS,
}
"""What a policy must allow though no request is called so: when."""
_ASKING = ("ask", "ask_once", "every")
_PREFIXES = {"elbv2": "elasticloadbalancing", "monitoring": "cloudwatch", "resourcegroupstaggingapi": "tag"}
_PARTS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
"""What a request asks of a bucket, in its address: in the action's name."""
_WHOLE = {"HEAD": "ListBucket", "GET": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "POST": "DeleteObject"}


def actions(log: Path) -> set[str]:
    """`service:Action` of all that aws_emulator.py noted: a service and an operation a line, of a bucket its method and what of it."""
    return {_action(*line.split()) for line in log.read_text().splitlines()}


def _action(service: str, operation: str, *parts: str) -> str:
    return f"{_PREFIXES.get(service, service)}:{_of_bucket(operation, parts) if service == 's3' else operation}"


def _of_bucket(method: str, parts: Iterable[str]) -> str:
    named = [_PARTS[part] for part in parts if part in _PARTS]
    if "versions" in parts:
        return "ListBucketVersions"
    if not named:
        return _WHOLE[method]
    if method == "DELETE" and named == ["BucketPolicy"]:
        return "DeleteBucketPolicy"
    return f"{'Get' if method == 'GET' else 'Put'}{named[0]}"  # of the others removing is putting


def allowed(policy: Mapping[str, Any]) -> set[str]:
    """All actions of a policy as they stand there, with their `*`."""
    named = [one["Action"] for one in policy["Statement"]]
    return {action for one in named for action in ([one] if isinstance(one, str) else one)}


def covered(wanted: Iterable[str], patterns: Iterable[str]) -> set[str]:
    """Which of `wanted` the patterns allow."""
    given = [*patterns]
    return {one for one in wanted if any(fnmatchcase(one, pattern) for pattern in given)}


def day_two() -> set[str]:
    """What the project asks of AWS itself: the requests that its code names."""
    found = set()
    for path in [*(ROOT / "components/aws").rglob("*.py"), *(ROOT / "components/hosts").rglob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", "")) in _ASKING:
                words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                words = [word for word in words if "[]" not in word]  # what is looked for in the answers
                found |= {f"{_PREFIXES.get(words[0], words[0])}:{words[-1]}"} if len(words) > 1 else set()
    return found
