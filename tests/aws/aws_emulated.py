"""moto's server as a process of its own: an account that is empty but for what AWS itself has in each."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ports
from aws_emulator import CALLS

_PROGRAM = Path(__file__).with_name("aws_emulator.py")
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
    said = {CALLS: str(folder / "calls"), "MOTO_AMIS_PATH": str(images), "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    environment = {**without_own(os.environ), **said}
    command = [sys.executable, str(_PROGRAM), "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _await(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def client(service: str, endpoint: str, region: str) -> Any:
    """boto3's, asking that account."""
    import boto3

    return boto3.client(service, endpoint_url=endpoint, region_name=region, **KEYS)


def without_own(environment: Any) -> dict[str, str]:
    """Without what this machine says of AWS, or of ways to other machines."""
    ours = {name: value for name, value in environment.items() if not name.startswith(("AWS_", "TF_"))}
    return {**ours, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


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


def _await(process: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/moto-api/", timeout=5).close()
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, "moto's server ended"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("moto's server doesn't answer")
