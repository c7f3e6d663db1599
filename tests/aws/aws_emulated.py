"""moto's server as a process of its own: an account that is empty but for what AWS itself has in each."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ports
from aws_emulator import CALLS
from beanstalk_standin import TOLD
from clouds.provider import served, without

_PROGRAM = Path(__file__).with_name("aws_emulator.py")
VARIABLES = ("AWS_",)
"""How those of this machine begin that say something of AWS."""
REGION = "eu-west-1"  # of all stacks here
ENDPOINTS = (
    *("acm", "autoscaling", "cloudwatch", "ec2", "elasticbeanstalk", "elbv2", "iam", "kms", "logs", "rds", "route53", "s3"),
    *("secretsmanager", "sns", "ssm", "sts"),
)
KEYS = {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": "test"}
IMAGES = {
    "136693071363": ("debian-13-{}-20260901-1", ("arm64", "amd64")),
    "099720109477": ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{}-server-20260901", ("arm64", "amd64")),
}
_ARCHITECTURES = {"arm64": "arm64", "amd64": "x86_64"}


@contextmanager
def account(folder: Path) -> Iterator[str]:
    """Its address. The images that targets look for are there, under their owners."""
    images, port = folder / "images.json", ports.free()
    images.write_text(json.dumps(list(_images())))
    said = {CALLS: str(folder / "calls"), "MOTO_AMIS_PATH": str(images), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", TOLD: str(folder)}
    environment = {**without(VARIABLES), **said}
    command = [sys.executable, str(_PROGRAM), "-H", "127.0.0.1", "-p", str(port)]
    address = f"http://127.0.0.1:{port}"
    with served(command, environment, folder / "moto.log", f"{address}/moto-api/"):
        yield address


def client(service: str, endpoint: str, region: str) -> Any:
    """boto3's, asking that account."""
    import boto3

    return boto3.client(service, endpoint_url=endpoint, region_name=region, **KEYS)


def block(endpoint: str, region: str) -> dict[str, Any]:
    """The provider's block: everything it asks it asks there."""
    return {
        "region": region,
        "access_key": KEYS["aws_access_key_id"],
        "secret_key": KEYS["aws_secret_access_key"],
        "skip_metadata_api_check": "true",
        "s3_use_path_style": True,
        "endpoints": [dict.fromkeys(ENDPOINTS, endpoint)],
    }


def _images() -> Iterator[dict[str, Any]]:
    for owner, (name, architectures) in IMAGES.items():
        for arch in architectures:
            yield {
                "ami_id": f"ami-{owner[:6]}{architectures.index(arch):02x}",
                "name": name.format(arch),
                "owner_id": owner,
                "architecture": _ARCHITECTURES[arch],
                "virtualization_type": "hvm",
                "root_device_type": "ebs",
                "root_device_name": "/dev/xvda",
                "public": True,
            }
