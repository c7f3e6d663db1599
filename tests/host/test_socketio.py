"""Flask-SocketIO's own server and clients over a flip: only they speak its protocol with all its transports."""

import itertools
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from cloud_init.host_files import Server, WebHost
from cloud_init.render import server_requirements

APP = """
from flask import Flask
from flask_socketio import SocketIO

app = Flask(__name__)
sockets = SocketIO(app)

@app.get("/")
def home():
    return "NUMBER"

@sockets.on("ask")
def ask(text):
    return text + " NUMBER"
"""
CLIENTS = """
import json, sys, threading, time
import socketio

heard, lock = {}, threading.Lock()

def tell(*words):  # in one piece, whoever else has something to say
    sys.stdout.write(json.dumps(words) + "\\n")
    sys.stdout.flush()

def client(name, transports):
    link = socketio.Client(reconnection_delay=0.2, reconnection_delay_max=1)
    link.connect(sys.argv[1], transports=transports, wait_timeout=20)
    while len(heard.get(name, ())) < 2:
        try:
            said = link.call("ask", name, timeout=5)
            with lock:
                heard.setdefault(name, [])
                if said not in heard[name]:
                    heard[name].append(said)
                    tell(said, link.transport())
        except Exception as error:
            with lock:
                tell("", type(error).__name__)
        time.sleep(0.2)
    link.disconnect()

kinds = (["polling"], ["websocket"], None)
each = [threading.Thread(target=client, args=(f"{number}", kinds[number % 3])) for number in range(12)]
[one.start() for one in each]
[one.join(90) for one in each]
sys.exit(any(one.is_alive() for one in each))
"""
PACKAGES = "flask==3.1.3\nflask-socketio==5.7.0\nrequests==2.34.2\nwebsocket-client==1.9.2\n"
SERVER = Server("gunicorn", "gevent", workers=1)


@pytest.mark.parametrize("front", ["nginx", "apache"])
def test_every_transport_is_back_after_a_flip(make_bench: Any, front: str) -> None:
    """Twelve clients by polling, by WebSocket and by both: each is answered by the old release, then by the new one."""
    bench = make_bench()
    assert bench.boot()["ok"]
    needed = {"requirements": [PACKAGES, server_requirements(WebHost("wsgi:app", SERVER))]}

    def roll(number: int) -> Any:
        return bench.roll(bench.publish(number, SERVER, {"wsgi.py": APP.replace("NUMBER", str(number))}, needed, kind=front))

    assert roll(1).ok
    [python] = (Path(bench.facts["root"]) / "srv/slipway/demo/releases").glob("*/venv/bin/python")
    with subprocess.Popen(
        [python, "-c", CLIENTS, f"http://127.0.0.1:{bench.port}"], stdout=-1, stderr=subprocess.STDOUT, text=True
    ) as clients:
        assert clients.stdout
        answered = (line for line in iter(clients.stdout.readline, "") if json.loads(line)[0])  # a busy machine keeps some waiting
        lines = list(itertools.islice(answered, 12))
        began = time.monotonic()
        assert roll(2).ok
        rest = clients.stdout.read()
    print(f"all back {time.monotonic() - began:.1f} s after the release began", rest)
    assert clients.returncode == 0, rest
    assert sorted(json.loads(line)[0] for line in lines) == sorted(f"{number} 1" for number in range(12))
    assert {json.loads(line)[1] for line in lines} == {"polling", "websocket"}
    assert sorted(said for said, _ in map(json.loads, rest.splitlines()) if said) == sorted(f"{number} 2" for number in range(12))
