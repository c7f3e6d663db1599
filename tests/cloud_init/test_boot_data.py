"""Boot data: small, constant, taken by a real shell whatever is in it. On real hosts: tests/real_hosts/test_bootstrap.py."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from speeds import examples

from cloud_init import bootstrap
from cloud_init.host import contracts
from cloud_init.host.contracts.facts import Boot
from cloud_init.host_files import HostFileError

FOLDER = Boot("shop", "prod", "web", "file:///var/lib/slipway-store", "web-1")
STORES = {
    "file": FOLDER,
    "s3": replace(FOLDER, store="s3://bucket/prefix?region=eu-west-1&endpoint=http://10.0.0.1:5000", name=None),
    "oss": replace(FOLDER, store="oss://bucket?region=eu-central-1", role="database"),
    "gs": replace(FOLDER, store="gs://bucket/a/b"),
}
HOSTILE = """'; touch /tmp/x #", $(reboot), `id`, %s \\n \\', $HOME, END, {{ x }}, @@RUN@, é漢\u2028\u0085\ufeff\U0001f600"""
_FOLDERS = ("/etc/slipway", "/opt/slipway", "/etc/systemd/system", "/run/systemd/system")


def test_small_and_constant(capsys: pytest.CaptureFixture[str]) -> None:
    for scheme, boot in STORES.items():
        text = bootstrap.cloud_config(boot)
        assert text == bootstrap.cloud_config(replace(boot))
        size = len(gzip.compress(text.encode()))
        with capsys.disabled():
            print(f" {scheme}: {size} bytes gzipped", end="")
        assert size < 4096
        assert "/work" not in text


@pytest.mark.parametrize("scheme", STORES)
def test_shellcheck_and_python_take_it(scheme: str, tmp_path: Path) -> None:
    checker = shutil.which("shellcheck") or shutil.which("shellcheck", path=os.path.dirname(sys.executable))
    script = bootstrap.script(replace(STORES[scheme], stack="a'b $(id) `id`"))
    for part in (script, *heredocs(script, "bring-up.sh")):
        assert checker
        done = subprocess.run([checker, "--shell=sh", "-"], input=part, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    [fetch] = heredocs(script, "fetch.py")
    compile(fetch, "fetch.py", "exec")


def heredocs(script: str, name: str) -> list[str]:
    """The files of that name that the script writes."""
    return [part.partition("\nEND\n")[0] + "\n" for part in script.split(f"/opt/slipway/{name} <<'END'\n")[1:]]


def test_a_cloud_config_holds_the_script() -> None:
    for boot in (*STORES.values(), replace(FOLDER, stack=HOSTILE, store=f"file:///{HOSTILE}")):
        found = yaml.safe_load(bootstrap.cloud_config(boot))
        [file] = found["write_files"]
        assert file["content"].strip() == bootstrap.script(boot).strip()
        assert found["runcmd"] == [["sh", file["path"]]]
        assert found["package_upgrade"] is False


def run(script: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The script by a real shell, its folders inside `folder`, and nobody there to start a unit."""
    for name in _FOLDERS:
        script = script.replace(name, str(folder) + name)
    for name in (*_FOLDERS[2:], "/bin"):
        (folder / name[1:]).mkdir(parents=True, exist_ok=True)
    for name, text in (("systemctl", f'#!/bin/sh\necho "$@" >>{folder}/asked\n'), ("id", "#!/bin/sh\necho 0\n")):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return subprocess.run(
        ["sh", "-s", *words],
        input=script,
        env={"PATH": f"{folder}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def words() -> st.SearchStrategy[str]:
    """Without the folders that `run` puts elsewhere: Hypothesis tries texts that stand in this file too."""
    any_words = st.one_of(st.just(HOSTILE), st.text(min_size=1, max_size=20), st.text("'\"\\$`;\n#%é ", min_size=1, max_size=20))
    return any_words.filter(lambda text: not any(name in text for name in _FOLDERS))


@settings(max_examples=examples(40), deadline=None)
@given(words(), words(), words(), st.none() | words())
def test_a_shell_takes_any_value_for_what_it_is(app: str, stack: str, store: str, name: str | None) -> None:
    boot = Boot(app, stack, "web", "file:///" + store, name)
    with TemporaryDirectory() as place:
        done = run(bootstrap.script(boot), Path(place))
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(Path(place, "etc/slipway/boot.json").read_text()) == contracts.document(boot)
        assert Path(place, "asked").read_text().splitlines()[-1] == "restart --no-block slipway-bootstrap.service"


def test_another_app_or_stack_is_refused_in_one_line(tmp_path: Path) -> None:
    assert run(bootstrap.script(FOLDER), tmp_path).returncode == 0
    assert run(bootstrap.script(replace(FOLDER, store="s3://b", name="other")), tmp_path).returncode == 0
    assert (tmp_path / "opt/slipway/store.txt").is_file()
    assert run(bootstrap.script(FOLDER), tmp_path).returncode == 0
    assert not (tmp_path / "opt/slipway/store.txt").exists()
    before = (tmp_path / "etc/slipway/boot.json").read_text()
    for other in (replace(FOLDER, stack="dev"), replace(FOLDER, app="x"), replace(FOLDER, role="database")):
        done = run(bootstrap.script(other), tmp_path)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "found one of: app shop, stack prod, role web" in done.stderr
    assert (tmp_path / "etc/slipway/boot.json").read_text() == before


def test_a_server_that_is_up_needs_no_store_at_its_next_boot(tmp_path: Path) -> None:
    script, asked = bootstrap.script(FOLDER), tmp_path / "asked"
    assert run(script, tmp_path).returncode == 0
    (tmp_path / "opt/slipway/up").touch()
    asked.unlink()
    assert run(script, tmp_path).returncode == 0
    assert (asked.exists(), (tmp_path / "opt/slipway/up").exists()) == (False, True)
    assert run(script, tmp_path, "again").returncode == 0
    assert (asked.exists(), (tmp_path / "opt/slipway/up").exists()) == (True, False)
    (tmp_path / "opt/slipway/up").touch()
    assert run(bootstrap.script(replace(FOLDER, store="gs://b")), tmp_path).returncode == 0
    assert not (tmp_path / "opt/slipway/up").exists()


def test_what_no_server_can_be_is_refused() -> None:
    with pytest.raises(HostFileError, match="role: wanted web or database, found 'cache'"):
        bootstrap.script(replace(FOLDER, role="cache"))
    with pytest.raises(HostFileError, match="store: wanted an address that starts with file://, gs://, oss://, s3://, found 'ftp://x'"):
        bootstrap.script(replace(FOLDER, store="ftp://x"))


def fetch(place: Path, tool: bytes | None, sha256: str) -> subprocess.CompletedProcess[str]:
    store = place / "store"
    (store / "releases/tool").mkdir(parents=True, exist_ok=True)
    (store / "tool.json").write_text(json.dumps({"sha256": sha256}))
    if tool is not None:
        (store / f"releases/tool/{sha256}.pyz").write_bytes(tool)
    (place / "boot.json").write_text(json.dumps({"store": store.as_uri()}))
    [text] = heredocs(bootstrap.script(FOLDER), "fetch.py")
    text = text.replace("/etc/slipway", str(place)).replace("/opt/slipway", str(place))
    return subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, check=False)


def test_the_tool_is_its_hash(tmp_path: Path) -> None:
    tool = b"the tool"
    right, wrong = hashlib.sha256(tool).hexdigest(), "0" * 64
    for data, sha256, said in ((None, right, "FileNotFoundError"), (tool, wrong, f"wanted SHA-256 {wrong}, found {right}; not used")):
        done = fetch(tmp_path, data, sha256)
        assert done.returncode == 1
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "host.pyz").exists()
    assert fetch(tmp_path, tool, right).returncode == 0
    assert (tmp_path / "host.pyz").read_bytes() == tool
