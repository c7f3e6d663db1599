"""No secret in what is printed, noted or stored to be read: by value and by part, however it is written."""

import base64
import json
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import documents
import pytest

from cloud_init.host import cli
from cloud_init.host.base import masking
from cloud_init.host.base.outcome import Refused, note, refusal, tell
from cloud_init.host.commands import logs
from cloud_init.host.release import release_command
from cloud_init.host.release.manifests import HostStore
from components.errors import SlipwayError
from ops.display import tables
from ops.stack import project

PASSWORD = "p%/ss wörd\"'\\1"
URL = f"postgresql://owner:{quote(PASSWORD, safe='')}@db.example/shop?sslpassword=q1w2e3r4"
KEY = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0B\nAQEFAASCAUAwggE8AgEA\n-----END KEY-----\n"


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    masking.forget()
    yield
    masking.forget()


@pytest.mark.parametrize(
    "told",
    [
        f"could not connect to {URL}",
        f"{URL.replace('owner:', 'somebody:')}: no such role",  # a part of it by itself
        f"FATAL: password {PASSWORD} is wrong",
        f"?password={quote(PASSWORD, safe='')}&x=1",
        f"{json.dumps({'word': PASSWORD})}",
        f"{PASSWORD!r} is no number",
        "Authorization: Basic " + base64.b64encode(f"owner:{PASSWORD}".encode()).decode(),
        f"one\\nword={PASSWORD}\\ntwo",
        "sslpassword q1w2e3r4",
        "line AQEFAASCAUAwggE8AgEA of a key",
        "token=abcdef123456",
    ],
)
def test_every_way_to_write_a_secret(told: str) -> None:
    masking.know({"URL": URL, "KEY": KEY, "more": ["abcdef123456"]})
    said = masking.masked(told)
    assert masking.MASK in said
    for part in (PASSWORD, quote(PASSWORD, safe=""), json.dumps(PASSWORD)[1:-1], "q1w2e3r4", "AQEFAASC", "abcdef123456", "b3duZXI6"):
        assert part not in said


def test_an_address_with_somebodys_name_needs_no_knowing() -> None:
    assert (
        masking.masked("see https://tok3n@pkg.example/simple and mysql://app:pw@/db")
        == "see https://***@pkg.example/simple and mysql://***@/db"
    )
    assert (
        masking.masked("mail ops@shop.example about https://shop.example/@home") == "mail ops@shop.example about https://shop.example/@home"
    )


def test_short_and_common_values_leave_sentences_whole() -> None:
    masking.know(["a", "", "1", "true", "8080", "production", "Password", "observ", "example-1"])
    told = "1 app in production on 8080: observers of example-12 have a password, true or not"
    assert masking.masked(told) == told
    assert masking.masked("observ, then example-1.") == "***, then ***."


def test_what_a_host_says_and_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A release command that fails prints its environment: neither events, outcome, store, audit nor traceback has a secret."""
    places = documents.places(tmp_path, {"app": "shop", "host": "one", "store": f"file://{tmp_path}/store"})
    release = places.release("abc")
    (release / "src").mkdir(parents=True)
    places.log.mkdir(parents=True)
    places.lib.mkdir(parents=True)
    owner = places.srv / "data/passwords/postgres/owner.json"
    owner.parent.mkdir(parents=True)
    owner.write_text(json.dumps({"password": "0123456789abcdef"}))
    owner.chmod(0o400)
    (release / "env.json").write_text(json.dumps({"TOKEN": "s3cr3t-token", "GREETING": "hello-world"}))
    (release / "env.json").chmod(0o400)
    manifest = documents.manifest(
        id="abc", environment={"GREETING": "hello-world"}, release_command=f"env; cat {owner}; echo {quote(PASSWORD)}; exit 3"
    )
    (release / "manifest.json").write_text(json.dumps({"environment": {"GREETING": "hello-world"}}))
    masking.know_host(places.srv)
    with pytest.raises(Refused) as refused:
        release_command.run(places, manifest)
    outcome = refusal(refused.value)
    assert "s3cr3t-token" in str(outcome.log)  # the command did say it
    tell(outcome)
    note("it has s3cr3t-token")
    HostStore(places.store, "one").write("1", outcome)
    masking.append(places.lib / "audit.log", "exec s3cr3t-token\n")
    try:
        raise RuntimeError("s3cr3t-token")
    except RuntimeError:
        masking.append(places.log / "tool.log", traceback.format_exc())
    logs.show(places, 50, False)
    said = capsys.readouterr().out
    kept = [path.read_text() for path in (tmp_path / "store/outcomes/one/1.json", places.lib / "audit.log", places.log / "tool.log")]
    for text in (said, *kept):
        assert masking.MASK in text
        assert "s3cr3t-token" not in text
        assert "0123456789abcdef" not in text
    assert "GREETING=hello-world" in said  # what a release says in public stays


def test_every_command_of_a_host_knows_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    places = documents.places(tmp_path, {"app": "shop"})
    passwords = places.srv / "data/passwords/mysql/owner.json"
    passwords.parent.mkdir(parents=True)
    passwords.write_text('{"password": "0123456789abcdef"}')
    passwords.chmod(0o400)
    monkeypatch.setattr("cloud_init.host.base.places.load", lambda root: places)
    monkeypatch.setitem(cli._COMMANDS, "status", lambda where, given: tell({"ok": True, "message": "it is 0123456789abcdef"}))
    monkeypatch.setattr("sys.argv", ["host.pyz", "status"])
    assert cli.main() == 0
    assert json.loads(capsys.readouterr().out)["message"] == "it is ***"


def test_what_a_host_is_sent_it_knows(tmp_path: Path) -> None:
    (tmp_path / "secrets/web").mkdir(parents=True)
    (tmp_path / "secrets/web/abc.json").write_text('{"TOKEN": "s3cr3t-token"}')
    HostStore(f"file://{tmp_path}", "one").secrets("abc")
    assert masking.masked("s3cr3t-token") == "***"


@pytest.mark.parametrize("way", ["line", "table", "document"])
def test_whatever_the_deployer_reads_or_makes_is_masked(way: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "20")  # a table folds its cells
    crypter = project.Crypter(b"k" * 32)
    kept = [crypter.encrypt("hunter2-of-a-stack"), crypter.encrypt(json.dumps({"password": "made-0123456789"}))]
    masking.forget()
    assert [crypter.decrypt(one) for one in kept]
    told = "found hunter2-of-a-stack and made-0123456789"
    if way == "line":
        tables.line(str(SlipwayError(told)), stderr=True)
    elif way == "table":
        tables.line(tables.table(["a"], [[told]]))
    else:
        tables.document({"reason": told})
    seen = "".join("".join(capsys.readouterr()).split())
    assert seen.count("***") == 2
    assert "hunter2" not in seen
    assert "0123456789" not in seen
