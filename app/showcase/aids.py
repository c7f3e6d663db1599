"""Aids for trying releases; an app of your own needs neither.

`POST /api/echo`          says length and SHA-256 of the body, read as a stream: shows that a front
                          server passes large and chunked bodies on whole.
`GET /api/slow?seconds=N` answers after N seconds (0 to 15): a request that is under way while
                          releases change places, and the release that answers it.
"""

import hashlib
import time

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from . import intake, rules

CHUNK = 64 * 1024
LONGEST = 15  # below the limit of common servers, which end a worker that is silent for 30 seconds

blueprint = Blueprint("aids", __name__, url_prefix="/api")


@blueprint.post("/echo")
def echo() -> ResponseReturnValue:
    length, digest = 0, hashlib.sha256()
    while chunk := request.stream.read(CHUNK):
        length += len(chunk)
        digest.update(chunk)
    return jsonify(length=length, sha256=digest.hexdigest())


@blueprint.get("/slow")
def slow() -> ResponseReturnValue:
    seconds = intake.query({"seconds": rules.written(float, 0, LONGEST)}, seconds=1.0)["seconds"]
    time.sleep(seconds)
    return jsonify(seconds=seconds, release=current_app.config["RELEASE"])
