"""A secret in every place that a setting has: no format, no error and no log of `plan` tells it."""

import shutil
import sys
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from project_copy import ROOT
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1]))
import hostile
from authority import openssl
from planted import PLANTED, told

from ops.cli import app
from ops.plan import formats
from ops.stack import project

SLOTS = [slot for slot in hostile.slots() if slot.part != "name"]
PASSPHRASE = "open sesame"
WORD = PLANTED.format("here")


@cache
def pair():
    """A key and a certificate for what `hostile` takes as the domain."""
    named = ("-subj", "/", "-addext", "subjectAltName=DNS:www.example.com", "-keyout", "/dev/stdout")
    both = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *named).decode()
    key, begin, certificate = both.partition("-----BEGIN CERT")
    return key, begin + certificate


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A small project; the passphrase is at hand, and not to be used."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/app.py").write_text("def app(environ, start_response): ...\n")
    (tmp_path / "app/requirements.txt").write_text("")
    (tmp_path / "chain.pem").write_text(pair()[1])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    return tmp_path


def everything(folder: Path, *words: str) -> tuple[set[int], str]:
    """Exit codes, and all that was said or written in all formats."""
    said, codes = "", set()
    for name in formats.FORMATS:
        done = CliRunner().invoke(app, ["plan", "--format", name, *words])
        codes.add(done.exit_code)
        said += done.stdout + done.stderr + repr(done.exception)
    written = [path for path in folder.rglob("*") if path.is_file() and path.name != "Pulumi.dev.yaml"]
    return codes, said + "".join(path.read_text(errors="replace") for path in written)


def stack_file(folder: Path, config: dict, encrypted: bool) -> None:
    salt = project.new_salt()
    crypter = project.crypter(salt, folder)

    def sealed(value):
        if isinstance(value, dict):
            return {name: sealed(item) for name, item in value.items()}
        if isinstance(value, list):
            return [sealed(item) for item in value]
        return {"secure": crypter.encrypt(value)} if value == WORD else value

    values = {"slipway:app": {"name": "shop", "path": "./app"}, **(sealed(config) if encrypted else config)}
    if "slipway:app" in config:
        values["slipway:app"] = {"path": "./app", **values["slipway:app"]}
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"encryptionsalt": salt, "config": values}))


@pytest.mark.fuzz
@pytest.mark.family("planted secrets", case="app.env[value]")
@pytest.mark.parametrize("slot", SLOTS, ids=str)
def test_encrypted_in_a_setting(folder, slot):
    stack_file(folder, slot.put(WORD), encrypted=True)
    codes, said = everything(folder)
    assert codes == ({0} if slot.secret else {2})
    assert told(said, WORD) == []
    assert str(slot).partition("[")[0].split(".")[0] in said


def test_the_key_of_a_certificate(folder):
    key = pair()[0]
    slot = next(slot for slot in SLOTS if str(slot) == "secretTls[value]")
    config = slot.put(key)
    crypter = project.crypter(salt := project.new_salt(), folder)
    config["slipway:secretTls"] = {"key": {"secure": crypter.encrypt(key)}}
    config["slipway:app"] = {"name": "shop", "path": "./app"}
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"encryptionsalt": salt, "config": config}))
    codes, said = everything(folder)
    assert codes == {0}, said[:900]
    assert told(said, *key.splitlines()[1:3]) == []
    assert "chain.pem" in said


def test_in_plain_where_encrypted_is_wanted(folder):
    stack_file(folder, {"slipway:target": "local", "slipway:secretEnv": {"KEY": WORD}}, encrypted=False)
    codes, said = everything(folder)
    assert codes == {2}
    assert "slipway:secretEnv: wanted encrypted values, found plain text" in said
    assert told(said, WORD) == []


@pytest.mark.parametrize(
    ("name", "value"), [("SECRET_KEY", WORD), ("API_TOKEN", WORD), ("BROKER", f"amqp://user:{quote(WORD, safe='')}@host/")]
)
def test_in_plain_in_the_public_environment(folder, name, value):
    """It is public there, and in the repository: the rules say so."""
    stack_file(folder, {"slipway:target": "local", "slipway:app": {"name": "shop", "env": {name: value}}}, encrypted=False)
    codes, said = everything(folder)
    assert codes == {1}
    assert f"slipway:app.env.{name}: wanted no secret in plain text" in said


def test_a_stack_file_that_is_no_yaml(folder):
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n  slipway:secretEnv: {{KEY: [{WORD}\n  a: b\n")
    codes, said = everything(folder)
    assert codes == {2}
    assert told(said, WORD) == []


def test_a_program_that_tells_it(folder):
    """It can't: nothing is decrypted."""
    with (folder / "__main__.py").open("a") as file:
        file.write("import pulumi\nword = pulumi.Config('slipway').get_object('secretEnv')['KEY']\npulumi.log.warn(word)\n")
        file.write("raise ValueError(word)\n")
    stack_file(folder, {"slipway:target": "local", "slipway:secretEnv": {"KEY": WORD}}, encrypted=True)
    codes, said = everything(folder)
    assert codes == {1}
    assert "ValueError: sealed" in said
    assert told(said, WORD) == []
