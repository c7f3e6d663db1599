"""What is asked of an app on Heroku after its launch, by the commands."""

import json

import pytest
from heroku_shop import APP


def test_status(launched, heroku):
    shop = launched(app={"processes": {"worker": "sleep 100"}})
    lines = [line.split() for line in shop.run("status").splitlines()]
    assert lines[0] == f"shop on heroku, stack dev: http://127.0.0.1:{shop.app.port}".split()
    assert ["live", "release", shop.get()[1], "(for"] == lines[3][:4]
    assert [line[:3] for line in lines[-2:]] == [["web.1", "(Basic)", "up"], ["worker.1", "(Basic)", "up"]]
    heroku.count()
    (one,) = json.loads(shop.run("status", "--json"))["hosts"]
    assert (one["host"], one["ok"], one["live"]["release"], one["maintenance"]) == ("slipway-dev", True, shop.get()[1], False)
    read = {"GET /apps/slipway-dev": 2, **{f"GET /apps/slipway-dev/{one}": 1 for one in ("dynos", "builds", "releases")}}
    assert heroku.count() == read


@pytest.mark.launch
def test_a_dyno_that_is_down_is_seen(launched):
    shop = launched()
    shop.app.dynos["web.1"].kill()
    shop.app.dynos["web.1"].wait()
    (one,) = json.loads(shop.run_any("status", "--json"))["hosts"]
    assert (one["ok"], one["processes"][0]["state"]) == (False, "crashed")


@pytest.mark.launch
def test_logs(launched):
    shop = launched()
    shop.app.dynos["web.1"].kill()  # or a worker that starts late says so in between
    shop.app.dynos["web.1"].wait()
    shop.app.log.write_text("one\ntwo\x1b[31m\nthree\n")
    assert shop.run("logs", "-n", "2") == "two\\x1b[31m\nthree\n"
    assert shop.run("logs", "-n", "1", "-f") == "three\napp[web.1]: new\n"


@pytest.mark.launch
def test_releases(launched):
    shop = launched()
    old = shop.get()[1]
    shop.write(APP.replace("one", "two"))
    shop.up()
    lines = [line.split() for line in shop.run("releases").splitlines()[1:]]
    assert [(line[0], line[-1] == "live") for line in lines] == [(shop.get()[1], True), (old, False)]
    shop.run("rollback")
    lines = [line.split() for line in shop.run("releases").splitlines()[1:]]
    assert [(line[0], line[-1] == "live") for line in lines] == [(lines[0][0], False), (old, True)]


@pytest.mark.launch
def test_what_was_deployed_by_other_means_is_told_by_its_number(launched, heroku):
    shop = launched()
    (shop.app.folder / "pushed").mkdir()
    (shop.app.folder / "pushed/Procfile").write_text("web: exec sleep 100\n")
    heroku._phase(shop.app, heroku.release(shop.app, "pushed", "Deploy by git"))
    assert f"live is v{len(shop.app.releases)}, wanted" in " ".join(shop.run("preview").split())


@pytest.mark.launch
def test_maintenance(launched):
    shop = launched()
    shop.run("maintenance", "on")
    assert shop.get()[0] == "503 maintenance"
    shop.run("maintenance", "off")
    assert shop.get()[0] == "one s3cret 203.0.113.9"


BACKUPS = "see `heroku pg:backups --help`, by which Heroku's databases have them"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["backup", "--reason", "x"], f"backup: {BACKUPS}"),
        (["backups"], f"backups: {BACKUPS}"),
        (["restore", "1", "-y"], f"restore: {BACKUPS}"),
        (["exec", "--", "ls"], "exec: run `heroku run --app APP -- sh -c 'cd src && COMMAND'`"),
    ],
)
def test_what_is_done_by_herokus_own_command(shop, words, sentence):
    assert shop.run(*words, code=2) == f"slipway: {sentence}\n"


@pytest.mark.launch
def test_an_app_that_was_deleted_there_is_made_again(launched, heroku):
    shop = launched()
    heroku.stop_dynos(shop.app)
    heroku.taken.add("x")
    del heroku.apps["slipway-dev"]
    (heroku.folder / "slipway-dev").rename(heroku.folder / "gone")
    assert "PlatformApp" in shop.run("preview")
    shop.up()
    assert shop.get()[0] == "one s3cret 203.0.113.9"


@pytest.mark.launch
def test_the_bundle_is_what_heroku_takes_from_git_too(shop, tmp_path):
    shop.config(app={"releaseCommand": "flask db upgrade", "processes": {"worker": "celery -A shop worker"}})
    shop.run("bundle", str(tmp_path / "folder"))
    assert (tmp_path / "folder/Procfile").read_text().splitlines() == [
        "web: gunicorn --config files/gunicorn.conf.py --bind 0.0.0.0:$PORT slipway_wsgi:application",
        "release: set -o pipefail && cd src && flask db upgrade",
        "worker: set -o pipefail && cd src && celery -A shop worker",
    ]
    told = json.loads((tmp_path / "folder/files/platform.json").read_text())
    assert (told["client"], told["keep_alive"]) == ("X-Forwarded-For", 100)
