"""A server of `ssh` that is this machine: its commands are run as they are, without a connection."""

import fcntl
import subprocess

from components.ssh.connection import Done


class Here:
    """A connection to a server that is this machine."""

    is_open = True

    def __init__(self, login):
        self.login = login

    def run(self, command, stdin=b"", root=False):
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr.decode())


class Flock:
    """What holds the lock of a server's folder. It ends while its deployer sleeps, who has not heard of that yet."""

    is_lost = False

    def __init__(self, _to, path, note=""):
        self.file = open(path, "a+")  # noqa: SIM115
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.is_held = True
            if note:
                self.file.truncate(0)
                self.file.write(note)
                self.file.flush()
        except BlockingIOError:
            self.is_held = False

    def end(self):
        self.file.close()
