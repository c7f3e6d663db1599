"""Releases on Heroku, by the real command line, engine and bundle, on a Heroku of this machine (fake_heroku.py)."""

from conftest import APP


def test_first_and_second(shop, heroku):
    first = shop.up()
    print(first)
    words, release = shop.get()
    assert words == "one s3cret 127.0.0.1"
    print(heroku.count())
    print(shop.up())
    print(heroku.count())
    shop.write(APP.replace("one", "two"))
    print(shop.up())
    print(heroku.count())
    assert shop.get()[0].startswith("two s3cret")
