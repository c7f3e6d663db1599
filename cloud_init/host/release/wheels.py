"""The list of what a release's environment is made of, in the store: exact versions with hashes. A
deployer writes it as it publishes the release; a host takes no file that it doesn't name."""

import re

_COMMIT = re.compile(r" @ git\+\S+@[0-9a-f]{40}(?=[\s#;]|$)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def list_of(release: str) -> str:
    """The name in the store of a release's list: the text of a requirements file."""
    return f"releases/{release}/requirements.txt"


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
