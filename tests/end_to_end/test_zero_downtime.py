"""Releases under load, good ones and broken ones: nobody notices."""

import time

import pytest
from load import Load


def test_five_releases_under_load(site, capsys):
    """At least 20,000 requests, counted for each flip."""
    site.up()
    with Load(site.port, bodies=("one",), post="/take", slow="/slow", clients=24) as load:
        for number in range(5):
            time.sleep(5)
            with load.flip(f"flip {number + 1}"):
                site.edit("VERSION = ", f"NUMBER = {number}\nVERSION = ")
                site.up()
        time.sleep(30)
    with capsys.disabled():
        print("", *load.flips, sep="\n")
        print(f"in all: {load.sent} requests, {len(load.failures)} failed, {len(load.releases)} releases answered")
    assert load.failures == []
    assert load.sent >= 20_000
    assert len(load.releases) == 6


BROKEN = {
    "raises at import": ("wsgi.py", "VERSION = ", "raise RuntimeError('no config')\nVERSION = ", "RuntimeError: no config"),
    "500 at health": ("wsgi.py", "return VERSION", "raise RuntimeError('no table')", "500"),
    "second migration statement": ("schema.sql", "text)", "text); CREATE TABLE extra (id); NONSENSE", 'near "NONSENSE"'),
    "requirement that is not there": ("requirements.txt", "flask", "slipway-no-such-package==1\nflask", "slipway-no-such-package"),
}


@pytest.mark.quick(
    "a broken release: the old one serves on, why is told, the corrected one goes out",
    case="second migration statement",
)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_release_is_refused_and_the_corrected_one_goes_out(site, kind):
    name, old, new, reason = BROKEN[kind]
    site.up()
    before = site.release()
    site.post("/rows", "kept")
    good = (site.app / name).read_text()
    with Load(site.port, bodies=("one", "corrected"), post="/take", clients=8) as load:
        site.edit(old, new, name)
        refused = site.run("up", "--yes")
        assert site.release() == before
        (site.app / name).write_text(good + ("\n# corrected\n" if name == "wsgi.py" else "\n"))
        site.edit('"one"', '"corrected"')
        site.up()
    assert load.failures == []
    assert refused.returncode == 1
    told = refused.stdout + refused.stderr
    assert reason in told
    assert f"release {before} still serves" in told
    assert "Traceback (most recent call last)" not in told or "  | Traceback" in told
    assert site.get() == "corrected"
    assert "kept" in site.get("/rows")
