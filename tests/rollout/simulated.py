"""Servers as threads: the real `decide`, a real store, and releases that exist in name alone."""

import json
import threading
import time

import documents

from cloud_init.host import contracts, stores
from cloud_init.host.contracts.rollout import DesiredState
from cloud_init.host.follow import decide
from components.release.store import to_json
from components.rollout.phases import pulled

BEAT = 0.1


def hurry(replace=setattr):
    """Seconds instead of minutes; the proportions are as they are."""
    for name, value in {"FIRST": 6.0, "BOOT": 3.0, "GRACE": 1.0, "SILENT": 1.5, "_PAUSE": 0.05, "_AWAY": 6.0, "_CHECK": 0.3}.items():
        replace(pulled, name, value)
    replace(pulled, "FRESH", 1.2)
    replace(pulled, "_LONGEST_PAUSE", 2.0)


def publish(store, release):
    """A release's manifest, as whole as the coordinator wants it."""
    manifest = {**documents.MANIFEST, "id": release, "tool": "tool of " + release, "code": {"id": "c" + release, "sha256": "0"}}
    store.put(f"releases/code/c{release}.tar.gz", b"")
    store.put(f"secrets/web/{release}.json", b"{}")
    store.put(f"releases/{release}/manifest.json", to_json(manifest))


class Server(threading.Thread):
    """`faults`: what happens in an action on a release: {("prepare", "r2"): "fail" | "die" | "hang" | seconds that it takes}."""

    def __init__(self, address, name, role="web", faults=(), late=0.0, skew=0.0):
        super().__init__(name=name, daemon=True)
        self.store, self.role, self.faults, self.late = stores.connect(address), role, dict(faults), late
        self.acting = {}
        self.skew, self.token = skew, ""
        self.live = self.ready = None
        self.generation, self.attempts, self.served = 0, {}, []
        self.halt, self.dead = threading.Event(), False

    def run(self):
        self.halt.wait(self.late)
        last = 0.0
        while not self.halt.is_set() and not self.dead:
            try:
                if time.monotonic() - last > BEAT:
                    self.beat()
                    last = time.monotonic()
                self.turn()
            except stores.Away:
                self.halt.wait(0.05)
            self.halt.wait(0.02)

    def beat(self):
        known = {"at": time.time() + self.skew, "role": self.role, "live": self.live, "problems": []}
        self.tell("heartbeat", {**known, **self.acting})

    def tell(self, what, value):
        self.store.put(f"outcomes/{self.name}/{what}.json", json.dumps(value).encode())

    def turn(self):
        data = self.store.get("desired.json")
        wanted = contracts.read(DesiredState, json.loads(data)) if data else DesiredState(0)
        here = decide.Here(self.name, self.live, self.ready, self.generation, self.attempts, self.token)
        action = decide.decide(wanted, here, time.monotonic())
        if action is None:
            return
        if (wanted.generation, wanted.token) != (self.generation, self.token):
            self.generation, self.token, self.attempts = wanted.generation, wanted.token, {}
        told_as = action.generation - (action.kind == decide.CONVERGE and wanted.candidate is not None)
        events = [{"event": "step", "step": action.kind, "state": "start"}]
        self.acting = {"acting": told_as, "token": self.token, "events": events}
        self.beat()
        self.act(action, told_as)

    def act(self, action, told_as):
        fault = self.faults.get((action.kind, action.release))
        if fault == "die":
            self.dead = True
            return
        if fault == "hang":
            while not self.halt.wait(BEAT):
                self.beat()
            return
        if isinstance(fault, float):
            until = time.monotonic() + fault
            while time.monotonic() < until and not self.halt.wait(BEAT / 2):
                self.beat()
        ok = fault != "fail"
        tries = self.attempts[action.kind].tries + 1 if action.kind in self.attempts else 1
        self.attempts[action.kind] = decide.Attempt(decide.DONE if ok else decide.FAILED, tries, time.monotonic())
        if action.kind == decide.PREPARE:
            self.ready = action.release if ok else None
        elif ok and action.kind in (decide.COMMIT, decide.CONVERGE):
            self.live, self.ready = action.release, None
            self.served.append(action.release)
        elif action.kind == decide.ABORT:
            self.ready = None
        phase = {"prepare": "prepared", "abort": "aborted"}.get(action.kind, "live") if ok else "failed"
        outcome = {"ok": ok, "phase": phase, "release": action.release, "host": self.name, "token": self.token}
        self.tell(str(told_as), outcome if ok else {**outcome, "step": "gate", "message": "made to fail", "log": ["the app's last words"]})

    def stop(self):
        self.halt.set()
        self.join(10)
