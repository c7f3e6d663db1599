"""Whose login counts, and what a user can be the cause of, in Google's own words: one line with what to do."""

import json
import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gcloud
import pytest
from gcloud import EMAIL, PROJECT

from components.errors import MissingError, SlipwayError
from components.gcp.control import account, fleet_hosts


def refused(kind=SlipwayError, ask=lambda: account.ask("compute", "instances", "list", "--filter=status=(RUNNING)")):
    with pytest.raises(kind) as caught:
        ask()
    assert "\n" not in str(caught.value)
    assert type(caught.value) is kind
    return str(caught.value)


def test_it_is_asked_for_json_in_the_project_and_asks_nothing(google):
    assert account.ask("compute", "instances", "list", "--filter=status=(RUNNING)") == []
    words = [
        "compute",
        "instances",
        "list",
        "--filter=status=(RUNNING)",
        "--format=json",
        f"--project={PROJECT}",
        "--quiet",
        "--verbosity=error",
    ]
    assert [one["words"] for one in google.asked] == [words]


def test_one_login_counts(google, user, tmp_path):
    """It is given the credentials that Pulumi and the store have; its own where those have none."""
    account.ask("compute", "instances", "list", "--filter=status=(RUNNING)")
    user.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    own = Path.home() / ".config/gcloud/application_default_credentials.json"
    for make in (False, True):
        if make:
            own.parent.mkdir(parents=True)
            own.write_text("{}")
        account.sign_in(PROJECT)
        account.ask("compute", "instances", "list", "--filter=status=(RUNNING)")
    user.setenv("CLOUDSDK_CONFIG", str(tmp_path / "elsewhere"))
    account.sign_in(PROJECT)
    account.ask("compute", "instances", "list", "--filter=status=(RUNNING)")
    assert [one["credentials"] for one in google.asked] == [str(tmp_path / "key.json"), "", str(own), ""]


def test_a_program_that_is_missing(user, tmp_path):
    ssh = shutil.which("ssh")
    user.setenv("PATH", str(tmp_path))
    told = refused(MissingError, lambda: account.sign_in(PROJECT))
    assert told.startswith("google: wanted the program gcloud, found none; install Google's command line (https://cloud.google.com/sdk")
    (tmp_path / "gcloud").symlink_to(ssh)
    assert "wanted the program ssh, found none; install it" in refused(MissingError, lambda: account.sign_in(PROJECT))


def test_a_file_of_credentials_that_is_missing(google, user):
    user.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    told = refused(MissingError, lambda: account.sign_in(PROJECT))
    assert told == "GOOGLE_APPLICATION_CREDENTIALS: wanted a file of credentials, found none at /nowhere.json; mend it, or unset it"


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (gcloud.NO_LOGIN, MissingError, "the login is over or never was (You do not currently have an active account selected.); run `"),
        (gcloud.OVER, MissingError, "expired or revoked.', {'error': 'x'})); run `gcloud auth login --update-adc`, or set GOOGLE_"),
        ("{} Failed to load credential file: [/a].  ('no JSON',)\n", MissingError, "or never was (Failed to load credential file: [/a]."),
        (gcloud.NO_API, SlipwayError, "gcloud compute instances list: Some requests did not succeed: - Compute Engine API has not been"),
        (gcloud.NO_PROJECT, SlipwayError, "gcloud compute instances list: Some requests did not "),
        (gcloud.NO_RIGHT, SlipwayError, "compute.instances.list"),
        (gcloud.NO_LEAVE, SlipwayError, "gcloud compute instances list: [me@example.com] does not have"),
        (gcloud.NO_WAY, SlipwayError, "gcloud compute instances list: gcloud crashed (ConnectionError): HTTPSConnectionPool("),
        ("{} Some requests did not succeed:\n - Bad\n", SlipwayError, "compute instances list: Some requests did not succeed: - Bad"),
        ("", SlipwayError, "gcloud compute instances list: it said nothing"),
    ],
)  # fmt: skip
def test_answers(google, said, kind, words):
    google.set(fails={"compute instances list": said or "\n"})
    told = refused(kind)
    assert told.startswith(f"google, {PROJECT}: ")
    assert words in told


def test_the_key_is_made_once_and_let_in_for_a_day(google):
    """By as many threads as open hosts; for who the credentials are of."""
    with ThreadPoolExecutor(8) as pool:
        ((user, key),) = {*pool.map(lambda _: account.os_login(), range(8))}
    assert (user, key) == ("deployer", str(Path.home() / ".ssh/slipway-google"))
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    public = subprocess.run(["ssh-keygen", "-y", "-f", key], capture_output=True, text=True, check=True).stdout.strip()
    (one,) = google.asked
    assert one["words"][:7] == ["compute", "os-login", "ssh-keys", "add", f"--key={public}", "--ttl=1d", f"--account={EMAIL}"]
    account._let_in.cache_clear()
    assert account.os_login() == (user, key)
    assert len({one["words"][4] for one in google.asked}) == 1
    assert [path.name for path in (Path.home() / ".ssh").iterdir()] == ["slipway-google"]


IMPERSONATED = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/ci@acme.iam.gserviceaccount.com:generateAccessToken"


@pytest.mark.parametrize(
    ("held", "email", "asks"),
    [
        ({"client_email": "a@b"}, "a@b", 1),
        ({"type": "external_account", "service_account_impersonation_url": IMPERSONATED}, "ci@acme.iam.gserviceaccount.com", 1),
        ({"type": "authorized_user", "account": "she@example.com"}, "she@example.com", 1),
        ({"type": "authorized_user", "account": ""}, "me@example.com", 2),
    ],
)
def test_whose_credentials_they_are(google, tmp_path, held, email, asks):
    """The command line would add the key to its own user's account, or to that of `None`."""
    (tmp_path / "key.json").write_text(json.dumps(held))
    account.os_login()
    assert (google.asked[-1]["words"][6], len(google.asked)) == (f"--account={email}", asks)


def test_without_credentials_of_a_file_it_goes_by_its_own_user(google, user):
    user.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    account.sign_in(PROJECT)
    account.os_login()
    assert not [word for word in google.asked[0]["words"] if word.startswith("--account")]


def test_a_key_that_is_none(google):
    (Path.home() / ".ssh").mkdir()
    (Path.home() / ".ssh/slipway-google").write_text("x")
    assert "slipway-google: wanted a private key, found none (" in refused(ask=account.os_login)


def test_who_is_nobody_on_servers(google, monkeypatch):
    monkeypatch.setattr(account, "ask", lambda *_: {"loginProfile": {}})
    told = refused(ask=account.os_login)
    assert told == f"google, {PROJECT}: wanted this login's user on servers (OS Login), found none; {account.RIGHTS}"


def test_a_listing_that_is_refused_is_told_by_who_looks_for_hosts(google):
    google.set(fails={"compute instances list": gcloud.NO_RIGHT})
    told = refused(ask=lambda: fleet_hosts.find(PROJECT, "europe-west1", "shop", "prod", "shop"))
    assert "Required 'compute.instances.list' permission" in told
