"""The settings: what the environment may say, and how a wrong value is refused."""

import pytest

from showcase.config import Settings


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://ada@db/shop", "postgresql+psycopg"),
        ("postgresql://ada@db/shop", "postgresql+psycopg"),
        ("postgresql+pg8000://ada@db/shop", "postgresql+pg8000"),
        ("mysql://ada@db/shop", "mysql+pymysql"),
        ("sqlite:////srv/shop.sqlite3", "sqlite"),
        ("", "sqlite"),
    ],
)
def test_an_address_gets_its_driver(given, driver):
    assert Settings.from_environment({"DATABASE_URL": given}).database_url.drivername == driver


def test_the_rest_of_an_address_is_kept():
    url = Settings.from_environment({"DATABASE_URL": "postgres://ada:p%40ss@db:6432/shop?sslmode=require"}).database_url
    assert (url.password, url.port, url.query["sslmode"]) == ("p@ss", 6432, "require")


@pytest.mark.parametrize("given", ["oracle://ada:hidden@db/shop", "ada:hidden@db", "mysql://ada:hidden@db:port/shop"])
def test_a_wrong_address_is_refused_without_its_password(given):
    with pytest.raises(ValueError, match="DATABASE_URL: wanted") as refused:
        Settings.from_environment({"DATABASE_URL": given})
    assert "hidden" not in str(refused.value)


def test_a_secret_key_is_taken_or_made_new_each_time():
    assert Settings.from_environment({"SECRET_KEY": "given"}).secret_key == "given"
    made = {Settings.from_environment({}).secret_key for _ in range(2)}
    assert len(made) == 2
    assert min(map(len, made)) >= 32


def test_origins_are_split_and_checked():
    settings = Settings.from_environment({"CORS_ORIGINS": " https://a.example , http://localhost:3000/ ,"})
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    with pytest.raises(ValueError, match=r"found 'https://\.\*'"):
        Settings.from_environment({"CORS_ORIGINS": "https://.*"})
