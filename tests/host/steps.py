"""The steps of the host tool's commands, in their order: tests kill a command at each."""

PREPARE = ("fetch", "laid-out", "unpack", "venv", "files", "validate", "database", "release-command", "start", "gate")
COMMIT = ("front", "processes", "flip", "gate-front", "drain", "prune")
BOOT = ("folders", "manager", "serve")
HALT = ("manager", "left-overs")
BACKUP = ("tidy", "dump", "keep")
RESTORE = ("check", "page-up", "stop-app", "load", "verify", "bring-up-schema", "start-app", "page-down")
OTHERS = (
    *("stop", "setup", "follow", "halt", "remove", "packages", "archives", "system", "volume", "send", "thin-out"),
    *("shut-out", "let-in", "domain", "certificate"),
)
