"""Stands for a server's host tool: host_tool_here.py FOLDER WORDS. `FOLDER/store` is what it reads, `FOLDER/live` what it serves.

`FOLDER/faults.json`: by the command's first word, `fail`, or seconds that it takes."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from cloud_init.host.commands import objects


def main(folder, command, *words):
    if command == "objects":
        return objects.serve(Path(*words))
    read, faults = folder / "faults.json", {}
    faults = json.loads(read.read_text()) if read.is_file() else {}
    with open(folder / "commands", "a", encoding="utf-8") as file:
        file.write(" ".join([command, *words]) + "\n")
    print(json.dumps({"event": "step", "step": command, "state": "start"}), flush=True)
    fault = faults.get(command)
    time.sleep(fault if isinstance(fault, float) else 0)
    live = folder / "live"
    outcome = {"ok": fault != "fail", "host": folder.name, "served": live.read_text() if live.is_file() else None}
    if not outcome["ok"]:
        outcome.update(step="gate", message="made to fail")
    elif command == "prepare":
        manifest = json.loads((folder / f"store/releases/{words[1]}/manifest.json").read_text())
        assert (folder / f"store/releases/code/{manifest['code']['id']}.tar.gz").is_file()
    elif command == "commit":
        live.write_text(words[1])
    elif command == "status":
        serves = {"release": live.read_text()} if live.is_file() else None
        outcome.update(live=serves, problems=[], processes=[], manager={"kind": "supervisor", "running": True})
    print(json.dumps({"event": "outcome", **outcome}), flush=True)


main(Path(sys.argv[1]), *sys.argv[2:])
