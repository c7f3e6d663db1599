"""The user's own login at Google Cloud: its command line is asked, for JSON.

Pulumi and the store go by application-default credentials, which needn't be those of who is logged
in at the command line. So that one login counts, it is given the same where there are any. Errors
that a user can cause are one line."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from components.errors import MissingError, SlipwayError, one_line

_LOGIN = "run `gcloud auth login --update-adc`, or set GOOGLE_APPLICATION_CREDENTIALS to a service account's file"
_PROGRAMS = {
    "gcloud": f"install Google's command line (https://cloud.google.com/sdk/docs/install), then {_LOGIN}",
    "ssh": "install it (Debian: openssh-client)",
}
_GIVEN = "GOOGLE_APPLICATION_CREDENTIALS"
_KEY = "~/.ssh/slipway-google"
_TTL = "1d"  # that the key is taken: whoever comes back later gives it anew
RIGHTS = "give it by a role (docs/targets/gcp-vm.md)"
_LOGGED_OUT = re.compile(r"gcloud auth (?:application-default )?login|Failed to load credential file|[Rr]eauth")
_LOCK = threading.Lock()
_login: list[str] = ["", ""]  # the project, the file of credentials


def sign_in(project: str) -> None:
    """Everything from here on is asked in that project, the stack's, one a process. Raises
    `MissingError` where a program or the file of credentials is missing; nothing is asked yet."""
    for name, how in _PROGRAMS.items():
        if not shutil.which(name):
            raise MissingError(f"google: wanted the program {name}, found none; {how}")
    given = os.environ.get(_GIVEN)
    own = Path(os.environ.get("CLOUDSDK_CONFIG") or "~/.config/gcloud").expanduser() / "application_default_credentials.json"
    path = Path(given) if given else own
    if given and not path.is_file():
        raise MissingError(f"{_GIVEN}: wanted a file of credentials, found none at {path}; mend it, or unset it")
    _login[:] = project, str(path) if path.is_file() else ""


def command(*words: str) -> tuple[str, ...]:
    """The command line that asks it. It answers no question of its own, such as for a right."""
    project, path = _login
    given = [f"CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE={path}"] if path else []
    return "env", *given, "gcloud", *words, f"--project={project}", "--quiet", "--verbosity=error"


def ask(*words: str) -> Any:
    """The answer to one command, such as `ask("compute", "instances", "list")`. Raises
    `SlipwayError`."""
    done = subprocess.run(command(*words, "--format=json"), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise translated(done.stderr, " ".join(("gcloud", *words[:3])))
    return json.loads(done.stdout)


def translated(said: str, action: str, project: str = "", target: str = "gcp-vm") -> SlipwayError:
    """What Google `said` of an error, in one line. `action`: what was asked, in words; `project`:
    if not that of `sign_in`; `target`: whose page names rights."""
    words = re.sub(r"^.*?ERROR: (?:\(gcloud[^)]*\) )?", "", said, flags=re.DOTALL)
    told = one_line(" ".join(re.split(r"\n\n|\nPlease ", words)[0].split()), 300) or "it said nothing"
    project = project or _login[0]
    if _LOGGED_OUT.search(said):
        return MissingError(f"google, {project}: the login is over or never was ({told}); {_LOGIN}")
    return SlipwayError(f"google, {project}: {action}: {told}; docs/targets/{target}.md says what this login needs")


def os_login() -> tuple[str, str]:
    """This login's user on servers, and its private key's file; that key is let in for a day. Made
    at first, one a process. Raises `SlipwayError`."""
    with _LOCK:  # many hosts are opened at the same moment
        return _let_in(*_login)


@cache
def _let_in(project: str, path: str) -> tuple[str, str]:
    key = _key()
    public = subprocess.run(["ssh-keygen", "-y", "-f", key], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if public.returncode:
        raise SlipwayError(f"{key}: wanted a private key, found none ({one_line(public.stderr.strip())}); remove that file")
    email = _email(path) if path else None
    whose = [f"--account={email}"] if email else []
    profile = ask("compute", "os-login", "ssh-keys", "add", f"--key={public.stdout.strip()}", f"--ttl={_TTL}", *whose)["loginProfile"]
    accounts = sorted(profile.get("posixAccounts", []), key=lambda one: not one.get("primary"))
    if not accounts:
        raise SlipwayError(f"google, {project}: wanted this login's user on servers (OS Login), found none; {RIGHTS}")
    return str(accounts[0]["username"]), str(key)


def _key() -> Path:
    """An own one, without a passphrase, as the command line makes them too."""
    path = Path(_KEY).expanduser()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "slipway", "-f", str(made)], check=True)
            with suppress(FileExistsError):  # of another process, at the same moment
                os.link(made, path)
    return path


def _email(path: str) -> str:
    """The owner of those credentials. gcloud doesn't look: OS Login would be its own user's,
    or nobody's."""
    held = json.loads(Path(path).read_text(encoding="utf-8"))
    acts_as = re.search(r"serviceAccounts/([^/:]+):", held.get("service_account_impersonation_url", ""))
    if known := held.get("client_email") or (acts_as and acts_as[1]) or held.get("account"):
        return str(known)
    claims = ask("auth", "print-identity-token")["id_token"].split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(f"{claims}=="))["email"])
