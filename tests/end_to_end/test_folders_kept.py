"""What an app writes, and the key it signs with, by the command line: releases, a rollback, a backup, another stack."""

import os
import pwd
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from folder_app import DATA, WRITER, told
from planted import told as tells

USER = pwd.getpwnam("nobody")


@pytest.fixture
def person(site, request):
    """The site, used by that user, who owns all of it, and has an environment of the system's Python."""
    if request.param == "user":
        if os.geteuid() != 0:
            pytest.skip("is one already")
        own = site.folder / "venv"
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", own], check=True)
        [packages] = own.glob("lib/*/site-packages")
        (packages / "shared.pth").write_text(sysconfig.get_paths()["purelib"])
        (own / "bin/uv").symlink_to(Path(sys.prefix, "bin/uv").resolve())
        subprocess.run(["chown", "-hR", f"{USER.pw_uid}:{USER.pw_gid}", site.folder], check=True)
        run, site.interpreter = site.run, str(own / "bin/python")
        site.run = lambda *words, **given: run(*words, user=USER.pw_uid, group=USER.pw_gid, extra_groups=[], **given)
    return site


def well(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.family("folders that outlive releases", case="user")
@pytest.mark.parametrize("person", ["root", "user"], indirect=True)
def test_files_rows_and_the_key_stay_and_files_and_rows_go_elsewhere(person):
    """Launched: whether an ordinary user's app, a rollback and another tree find what was written shows in a served app alone."""
    site = person
    site.write_stack(app={"name": "shop", "path": "./app", "data": DATA}, database={"engine": "none"})
    names, keys, said = [], set(), ""
    for number in range(5):
        site.write_files({"wsgi.py": WRITER.replace("NUMBER", str(number)), "requirements.txt": "flask==3.1.3\n"})
        said += well(site.run("plan")) + well(site.run("up", "--yes"))
        site.post("/write", f"{number}.txt")
        names.append(f"{number}.txt")
        keys.add(site.get("/key"))
        assert site.get("/read") == told(*names)
    said += well(site.run("rollback"))
    assert (site.get(), site.get("/read")) == ("3", told(*names))
    assert {site.get("/key"), *keys} == keys
    said += well(site.run("backup"))
    [identity] = [path.name for path in (site.tree / "srv/slipway/shop/backups").iterdir()]
    site.post("/write", "late.txt")
    said += well(site.run("restore", identity, "--yes"))
    assert site.get("/read") == told(*names)
    [key] = keys
    is_told_nowhere(site, said, key)
    elsewhere(site, names, key)


def is_told_nowhere(site, said, key):
    """Neither printed, nor in the state, a log, what is public of a release, or a command line."""
    release = (site.tree / "srv/slipway/shop/releases" / site.release() / "env.json").read_text()
    secret = release.split('"SECRET_KEY": "')[1].split('"')[0]
    assert (len(secret), tells(release, secret)) == (64, [secret])
    private = {"env.json", "env"}  # the app's own, and what the app's store holds for it
    public = [path for path in site.tree.rglob("*") if path.is_file() and path.name not in private and "secrets" not in path.parts]
    for path in (*public, *Path("/proc").glob("[0-9]*/cmdline")):
        try:
            said += path.read_text(errors="replace")
        except OSError:
            continue
    assert tells(said, secret, key) == []


def elsewhere(site, names, key):
    """Another stack of the same app in a tree of its own, which takes what the first one backed up."""
    (site.folder / "Pulumi.other.yaml").write_text((site.folder / "Pulumi.dev.yaml").read_text())
    taken = site.folder / "taken"
    assert f", in {taken}" in well(site.run("backup", "--to", "taken"))
    again = site.run("backup", "--to", "taken")
    assert again.returncode == 2
    assert again.stderr == "slipway: backup: --to: wanted a folder that is not there yet, found taken; name another one\n"
    assert {path.stat().st_mode & 0o077 for path in (taken, *taken.iterdir())} == {0}
    well(site.run("destroy", "--yes"))
    well(site.run("-s", "other", "up", "--yes"))
    site.post("/write", "other.txt")
    assert site.get("/key") != key
    place, there = site.tree / "srv/slipway/shop", site.folder / ".slipway/other/srv/slipway/shop"
    try:
        lacking = site.run("-s", "other", "restore", "home", "--yes")
        assert "wanted a folder that `backup --to` wrote, found 0 backups in" in lacking.stderr
        assert "backup taken is loaded; what was there before is backup" in well(site.run("-s", "other", "restore", "taken", "--yes"))
        assert site.get("/read") == told(*names)
        for path in (place / "shared/app").rglob("*.txt"):
            assert (there / path.relative_to(place)).read_bytes() == path.read_bytes()
    finally:
        site.run("-s", "other", "destroy", "--yes")
