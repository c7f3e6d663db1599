"""Somebody who launches on Amazon, logged in to an account that nobody had: moto's servers of one process share what they hold."""

from typing import Any
from uuid import uuid4

import boto3

REGION = "eu-west-1"
_WORDS = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key", "SessionToken": "aws_session_token"}


class Deployer:
    """`account` is its number. `endpoint`: the address of all of AWS; `where` tells it to whatever runs."""

    def __init__(self, endpoint: str) -> None:
        self.account = f"{uuid4().int % 10**12:012}"
        self.endpoint, self.where = endpoint, {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}
        role = f"arn:aws:iam::{self.account}:role/deployer"
        found = boto3.client("sts", endpoint_url=endpoint, region_name=REGION).assume_role(RoleArn=role, RoleSessionName="deployer")
        self._keys: dict[str, str] = {word: found["Credentials"][name] for name, word in _WORDS.items()}

    @property
    def environment(self) -> dict[str, str]:
        """What finds that account."""
        return {**self.where, **{word.upper(): key for word, key in self._keys.items()}}

    @property
    def port(self) -> int:
        """Of that address."""
        return int(self.endpoint.rpartition(":")[2])

    def client(self, service: str) -> Any:
        """boto3's."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **self._keys)
