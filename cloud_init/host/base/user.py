"""The app's own user: who owns what, and who runs what."""

import contextlib
import grp
import json
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, Optional

from .files import make_folder
from .outcome import Refused

FRONT_GROUP = "slipway-front"  # the front server's group: it may read the certificate's key, and the app is not in it


def give(path: Path, user: Optional[pwd.struct_passwd]) -> None:
    """Hands a file or folder to that user; None: it stays with whoever runs this tool."""
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def private(path: Path, user: Optional[pwd.struct_passwd], mode: int = 0o750) -> Path:
    """A folder of that user's; None: it stays its owner's. Raises `Refused` for a link."""
    with _folder(path) as folder:
        if user is not None:
            os.fchown(folder, user.pw_uid, user.pw_gid)
        os.fchmod(folder, mode)
    return path


def own(path: Path, mode: int = 0o755, first: bool = False, group: int = -1) -> Path:
    """A folder that this tool's user alone may write; by default everybody may enter. Raises
    `Refused` for a link; if `first`, for one that somebody else made, who knows what is in it."""
    with _folder(path) as folder:
        owner = os.fstat(folder).st_uid
        if first and owner != os.geteuid():
            raise Refused(f"{path}: wanted a folder of this user, found one of user {owner}; see who made it, remove it, then run it again")
        if owner != os.geteuid():
            os.fchown(folder, os.geteuid(), os.getegid())
        os.fchown(folder, -1, group)
        os.fchmod(folder, mode)
    return path


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[int]:
    """A folder, made if need be, by descriptor: what is done to it is done to no link's target."""
    with contextlib.suppress(FileExistsError):
        make_folder(path, 0o700)
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except NotADirectoryError:
        raise Refused(f"{path}: wanted a folder, found a link or a file; see who made it, remove it, then run it again") from None
    try:
        yield folder
    except OSError as error:  # which a descriptor doesn't name
        error.filename = error.filename or str(path)
        raise
    finally:
        os.close(folder)


def as_user(user: Optional[pwd.struct_passwd]) -> dict[str, Any]:
    """Arguments for `subprocess` that run a command as the app's user, without any other group."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def done_as(user: Optional[pwd.struct_passwd], work: Callable[[], Any]) -> Any:
    """What the work returns (as JSON has it) or raises, done as that user in a process of its own:
    in folders that the user may write, root would follow its links."""
    if user is None or user.pw_uid == os.geteuid():
        return work()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _answer_as(user, work, writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as answers:
        told = answers.read()
    os.waitpid(child, 0)
    kind, value = json.loads(told or '["refused", ["a process of the app\'s user was ended; run it again", []]]')
    if kind == "refused":
        raise Refused(value[0], log=value[1])
    if kind == "system":
        raise OSError(*value)
    return value


def go_on_as(user: pwd.struct_passwd) -> None:
    """This process is that user's from here on, without any other group."""
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _answer_as(user: pwd.struct_passwd, work: Callable[[], Any], writer: int) -> NoReturn:
    """Never returns to what was forked, whatever happens."""
    try:
        go_on_as(user)
        try:
            answer = ["done", work()]
        except Refused as refused:
            answer = ["refused", [str(refused), refused.log]]
        except OSError as error:
            answer = ["system", [error.errno, error.strerror, error.filename and str(error.filename)]]
        os.write(writer, json.dumps(answer).encode())
    finally:
        os._exit(0)


def with_port(user: str) -> list[str]:
    """Words before root's command that make it that user's, with a right to ports below 1024."""
    right = "-all,+net_bind_service"
    return ["/usr/bin/setpriv", "--reuid", user, "--regid", user, "--init-groups", "--inh-caps", right, "--ambient-caps", right, "--"]


def front_group() -> Optional[str]:
    """The front server's group, if this machine is a server and has it."""
    return FRONT_GROUP if any(one.gr_name == FRONT_GROUP for one in grp.getgrall()) else None
