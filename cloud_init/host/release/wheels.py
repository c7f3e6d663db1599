"""The files that a release's environment is made of: exact versions with hashes, in the store. A
deployer writes the list as it publishes the release; the first host that has the files puts them
beside it. Whoever puts one there, it is used only if the list names its hash."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..base import Refused, note, sha256_of
from ..stores import Store

FOLDER = "releases/wheels/"
_COMMIT = re.compile(r" @ git\+\S+@[0-9a-f]{40}(?=[\s#;]|$)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def list_of(release: str) -> str:
    """The name in the store of a release's list: the text of a requirements file."""
    return f"releases/{release}/requirements.txt"


def hashes(text: str) -> set[str]:
    """SHA-256 of every file that a list allows."""
    return set(_HASH.findall(text))


def is_exact(line: str) -> bool:
    """Whether a line of a list says what it brings by hash, or by commit."""
    return bool(_HASH.search(line) or _COMMIT.search(line))


def parted(text: str) -> tuple[str, str]:
    """A list's lines with hashes, and those with commits, each with all options, or empty."""
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line[:1] not in ("", "#")]
    options = [line for line in lines if line[0] == "-"]
    commits = [line for line in lines if line not in options and _COMMIT.search(line)]
    hashed = [line for line in lines if line not in (*options, *commits)]
    return "\n".join([*options, *hashed, ""] * bool(hashed)), "\n".join([*options, *commits, ""] * bool(commits))


def fetch(store: Store, text: str, folder: Path) -> None:
    """Brings those of its files that the store has into the folder."""
    for name in kept(store.names(FOLDER), hashes(text)):
        path = folder / Path(name).name
        found = store.file(name, path)
        if found and found != path:
            shutil.copyfile(found, path)
        if found and sha256_of(path) != name.split("/")[-2]:
            path.unlink()


def keep(store: Store, text: str, folder: Path) -> None:
    """Puts those of its files into the store that lie in the folder and aren't there yet."""
    wanted = hashes(text)
    try:
        there = kept(store.names(FOLDER), wanted)
        for path in sorted(folder.iterdir()):
            name = f"{FOLDER}{sha256_of(path)}/{path.name}"
            if name not in there and name.split("/")[-2] in wanted:
                store.send(name, path)
    except Refused as refused:
        note(f"wheels aren't kept for other hosts: {refused}")


def kept(names: Iterable[str], wanted: set[str]) -> list[str]:
    """Those names in a store that are of wanted files, by hash."""
    return [name for name in names if name.startswith(FOLDER) and name.count("/") == 3 and name.split("/")[-2] in wanted]
