"""Google's command line in little, as a program on PATH: instances, addresses, guest attributes, OS Login, and tunnels to sshds that
really run. What it knows is `state.json` beside it, and what it was asked stands in `asked.jsonl`.

    google = Gcloud(tmp_path); google.instance("web-1", "europe-west1-b", labels, host_keys=[line], ssh=("127.0.0.1", 2222))

The form of answers and errors is that of gcloud 578; its tunnel shows a traceback too, and ends with 0.
"""

import json
import os
import re
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

EMAIL, PROJECT = "deployer@shop-123456.iam.gserviceaccount.com", "shop-123456"
_WARNS = "\n\nTo increase the performance of the tunnel, consider installing NumPy.\n"
NO_LOGIN = (
    "{} You do not currently have an active account selected.\nPlease run:\n\n  $ gcloud auth login\n\nto obtain new credentials.\n\n"
    "If you have already logged in with a different account, run:\n\n  $ gcloud config set account ACCOUNT\n\n"
    "to select an already authenticated account to use.\n"
)
OVER = NO_LOGIN.replace(
    "You do not currently have an active account selected.",
    "There was a problem refreshing your current auth tokens: ('invalid_grant: Token has been expired or revoked.', {{'error': 'x'}})",
)
NO_API = (
    "{} Some requests did not succeed:\n - Compute Engine API has not been used in project 123 before or it is disabled. Enable it by "
    "visiting https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=123 then retry. If you enabled "
    "this API recently, wait a few minutes for the action to propagate to our systems and retry.\n\n"
)
NO_RIGHT = "{} Some requests did not succeed:\n - Required 'compute.instances.list' permission for 'projects/shop-123456'\n\n"
NO_PROJECT = "{} Some requests did not succeed:\n - The resource 'projects/shop-123456' was not found\n\n"
NO_LEAVE = (
    "{} [me@example.com] does not have permission to access users instance [me@example.com:importSshPublicKey] (or it may not exist): "
    "The caller does not have permission. This command is authenticated as me@example.com which is the active account specified by the "
    "[core/account] property.\n"
)
NO_KEYS = "{} HTTPError 404: The resource 'hostkeys/' of type 'Guest Attribute' was not found.\n"
NO_WAY = (
    "ERROR: gcloud crashed (ConnectionError): HTTPSConnectionPool(host='compute.googleapis.com', port=443): Max retries exceeded with "
    "url: /compute/v1/projects\n\nIf you would like to report this issue, please run the following command:\n  gcloud feedback\n"
)
UNREACHED = (
    "ERROR: [0] Error during local connection to [stdin]: Error while connecting [{0}].\nTraceback (most recent call last):\n"
    '  File "iap_tunnel.py", line 805, in RunReceiveLocalData\n    websocket_conn = self._InitiateConnection(\n'
    "googlecloudsdk.api_lib.compute.iap_tunnel_websocket.ConnectionCreationError: Error while connecting [{0}].\n"
)


class Gcloud:
    """The program, in `folder/bin`, which is to come first on PATH. `fails`: its words where a command is refused, by the command;
    `tunnel`: why no tunnel is made; `source`: the address that tunnels come from; `email`: whose an ID token is; `user`: who is let in, by
    keys added to `authorized_keys`."""

    def __init__(self, folder: Path, user: str = "deployer", authorized_keys: Path | None = None) -> None:
        self.bin, self._lock = folder / "bin", threading.Lock()
        self.bin.mkdir(parents=True)
        keys = str(authorized_keys or folder / "authorized_keys")
        self.state: dict[str, Any] = {
            "instances": [], "addresses": [], "host_keys": {}, "ssh": {}, "fails": {}, "tunnel": "", "email": "me@example.com",
            "user": user, "authorized_keys": keys, "source": "",
        }  # fmt: skip
        # Without its site's packages it starts in a hundredth of a second.
        program = self.bin / "gcloud"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {Path(__file__).resolve()} {self.bin} "$@"\n')
        program.chmod(0o755)
        self.set()

    def set(self, **changes: Any) -> None:
        with self._lock:
            self.state.update(changes)
            part = self.bin / "state.part"
            part.write_text(json.dumps(self.state))
            part.rename(self.bin / "state.json")

    def instance(
        self,
        name: str,
        zone: str,
        labels: Mapping[str, str],
        host_keys: Sequence[str] = (),
        ssh: tuple[str, int] | None = None,
        **more: Any,
    ) -> None:
        """`host_keys`: each as `ssh-ed25519 AAAA…`; `more`: what else the API has of it, such as `status`."""
        card = {
            "name": "nic0",
            "networkIP": "10.60.0.4",
            **({"accessConfigs": [{"natIP": more.pop("public")}]} if "public" in more else {}),
        }
        account = f"{labels.get('slipway-role', 'x')}-1a2b@{PROJECT}.iam.gserviceaccount.com"
        self.state["instances"].append({
            "name": name, "zone": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/{zone}", "labels": dict(labels),
            "status": "RUNNING", "creationTimestamp": "2026-09-01T00:00:00.000-07:00", "networkInterfaces": [card],
            "serviceAccounts": [{"email": account, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}], **more,
        })  # fmt: skip
        self.state["host_keys"][name] = list(host_keys)
        self.state["ssh"][name] = ssh
        self.set()

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Each as `words`, in order, and `credentials`."""
        path = self.bin / "asked.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _main(folder: Path, words: list[str]) -> int:
    credentials = os.environ.get("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "")
    with (folder / "asked.jsonl").open("a") as file:
        file.write(json.dumps({"words": words, "credentials": credentials}) + "\n")
    state = json.loads((folder / "state.json").read_text())
    given = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
    plain = [word for word in words if not word.startswith("--")]
    action = next((name for name in _COMMANDS if plain[: len(name.split())] == name.split()), "")
    if not action or given.get("project") != PROJECT or "quiet" not in given:
        print(f"ERROR: (gcloud) Invalid choice or argument: {words}", file=sys.stderr)
        return 2
    error = f"ERROR: (gcloud.{action.replace(' ', '.')})"
    if refusal := state["fails"].get(action):
        print(refusal.format(error), end="", file=sys.stderr)
        return 1
    answer = _COMMANDS[action](state, plain[len(action.split()) :], given)
    if isinstance(answer, str):
        print(answer.format(error), end="", file=sys.stderr)
        return 1
    if answer is not None:
        assert given.get("format") == "json"
        print(json.dumps(answer, indent=2))
    return 0


def _matches(one: Mapping[str, Any], term: str) -> bool:
    if label := re.fullmatch(r'labels\.([a-z0-9_-]+)="([a-z0-9_-]*)"', term):
        return bool(one.get("labels", {}).get(label[1]) == label[2])
    states = re.fullmatch(r"status=\(([A-Z ]+)\)", term)
    assert states, term
    return one["status"] in states[1].split()


def _listed(kind: str) -> Any:
    def listed(state: Any, names: Any, given: Any) -> Any:
        return [one for one in state[kind] if all(_matches(one, term) for term in given["filter"].split(" AND "))]

    return listed


def _guest_attributes(state: Any, names: list[str], given: Any) -> Any:
    assert given["query-path"] == "hostkeys/"
    found = [line.split(" ", 1) for line in state["host_keys"][names[0]]]
    return [{"key": kind, "namespace": "hostkeys", "value": key} for kind, key in found] or NO_KEYS


def _add_key(state: Any, names: Any, given: Any) -> Any:
    with open(state["authorized_keys"], "a") as file:
        file.write(f"{given['key']}\n")
    accounts = [{"username": "other"}, {"username": state["user"], "primary": True, "operatingSystemType": "LINUX"}]
    return {"loginProfile": {"name": "1", "posixAccounts": accounts}}


def _token(state: Any, names: Any, given: Any) -> Any:
    import base64

    claims = base64.urlsafe_b64encode(json.dumps({"email": state["email"]}).encode()).decode().rstrip("=")
    return {"access_token": "x", "id_token": f"e30.{claims}.c2ln", "token_expiry": "2026-12-01T12:29:18Z"}


def _tunnel(state: Any, names: list[str], given: Any) -> None:
    assert "listen-on-stdin" in given
    sys.stderr.write("" if given.get("verbosity") == "error" else _WARNS)
    name, port = names
    assert port == "22"
    why, there = state["tunnel"], None
    with suppress(OSError):
        there = None if why else socket.create_connection(state["ssh"][name], 5, (state["source"], 0))
    if there is None:
        sys.stderr.write(UNREACHED.format(why or "4003: 'failed to connect to backend'"))
        return
    with there:
        there.settimeout(None)

        def up() -> None:
            while data := os.read(0, 16384):
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)

        threading.Thread(target=up, daemon=True).start()
        while data := there.recv(16384):
            os.write(1, data)


_COMMANDS: dict[str, Any] = {
    "compute instances list": _listed("instances"),
    "compute addresses list": _listed("addresses"),
    "compute instances get-guest-attributes": _guest_attributes,
    "compute os-login ssh-keys add": _add_key,
    "compute start-iap-tunnel": _tunnel,
    "auth print-identity-token": _token,
}

if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), sys.argv[2:]))
