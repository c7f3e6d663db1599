"""An S3 that runs here, and clients of it."""

import os
from contextlib import contextmanager
from threading import Lock
from uuid import uuid4

REGION = "eu-west-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}


@contextmanager
def s3_here(address="127.0.0.1"):
    """The address of a fresh moto server. It answers one request at a time: its conditional writes look
    first and write afterwards, while a real store's do both at once."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=address, port=0, verbose=False)
    server.start()
    server._server.app = _one_at_a_time(server._server.app)
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _one_at_a_time(app):
    lock = Lock()

    def answer(environ, start_response):
        with lock:
            return app(environ, start_response)

    return answer


def make_bucket(endpoint):
    """A new bucket, of a name that nobody had: moto's servers of one process share what they hold. Its address in S3's language."""
    import boto3

    name = f"releases-{uuid4().hex[:12]}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="AKIATEST", aws_secret_access_key="test")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return f"s3://{name}/stack one?region={REGION}&endpoint={endpoint}"


def logged_in(monkeypatch):
    """A user whose credentials stand in the environment, and nothing else of this machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
