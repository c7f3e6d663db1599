"""Settings of a running program: read from Pulumi's runtime as both engines fill it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime

from components.errors import UsageError
from components.settings import Settings, load

APP = json.dumps({"name": "shop", "env": {"A": "1"}})


@pytest.fixture(autouse=True)
def _program(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
    monkeypatch.setattr("pulumi.get_project", lambda: "shop")
    before = runtime.CONFIG.get(), list(runtime._SECRET_KEYS.get())
    yield
    pulumi.runtime.set_all_config(*before)


def loaded(config: dict[str, str], secret: list[str]) -> Settings:
    pulumi.runtime.set_all_config({"slipway:target": "local", "slipway:app": APP, "shop:own": "x", "pulumi:tags": "{}", **config}, secret)
    return load()


async def content(output: pulumi.Output[Any]) -> tuple[Any, bool]:
    return await output.future(), await output.is_secret()


def test_secrets_are_a_secret_output() -> None:
    async def run() -> tuple[Any, bool]:
        secrets = json.dumps({"SECRET_KEY": "hunter2", "PIN": 1234})
        settings = loaded({"slipway:secretEnv": secrets}, ["slipway:secretEnv"])
        assert "hunter2" not in repr(settings)
        return await content(settings.secret_env)

    assert asyncio.run(run()) == ({"SECRET_KEY": "hunter2", "PIN": "1234"}, True)


def test_secrets_of_the_installer_are_apart_under_one_name() -> None:
    async def run() -> tuple[Any, bool]:
        config = {"slipway:secretEnv": json.dumps({"KEY": "a"}), "slipway:secretInstall": json.dumps({"TOKEN": "hunter2", "PIN": 1})}
        settings = loaded(config, list(config))
        assert "hunter2" not in repr(settings)
        return await content(settings.secret_env)

    assert asyncio.run(run()) == ({"KEY": "a", "SLIPWAY_INSTALL": '{"PIN": "1", "TOKEN": "hunter2"}'}, True)


def test_without_secrets_nothing_is_encrypted() -> None:
    async def run() -> tuple[Any, bool]:
        return await content(loaded({}, []).secret_env)

    assert asyncio.run(run()) == ({}, False)


def test_all_mistakes_at_once_and_no_secret_told() -> None:
    with pytest.raises(UsageError) as caught:
        loaded({"slipway:front": "x", "slipway:secretEnv": json.dumps({"A": "hunter2"}), "slipway:pw": "hunter2"}, ["slipway:pw"])
    text = str(caught.value)
    assert text.startswith("Pulumi.dev.yaml: 3 settings are wrong\n")
    assert "hunter2" not in text
    assert [line.split(": ")[0].strip() for line in text.splitlines()[1:]] == [*("slipway:front", "slipway:pw", "slipway:secretEnv")]


def test_the_environment_of_the_language_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"slipway:target": "local", "slipway:app": APP, "slipway:domain": "hunter2"}))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["slipway:domain"]))
    pulumi.runtime.set_all_config({}, [])
    with pytest.raises(UsageError, match="slipway:domain: holds a secret"):
        load()


def test_no_config() -> None:
    pulumi.runtime.set_all_config({}, [])
    with pytest.raises(UsageError, match=r"\./slipway --stack dev init APP$"):
        load()


def test_a_providers_setting_is_refused_by_name_with_the_way_out() -> None:
    with pytest.raises(UsageError) as caught:
        loaded({"aws:profile": "hunter2", "gcp:project": "x"}, [])
    head, *lines = str(caught.value).split("\n  ")
    assert head == "Pulumi.dev.yaml: 2 settings are wrong"
    assert [line.split(": ")[0] for line in lines] == ["aws:profile", "gcp:project"]
    assert "AWS_PROFILE" in lines[0]
    assert "hunter2" not in lines[0]


def test_an_environment_of_pulumis_service_is_refused_by_the_program_too(tmp_path, monkeypatch) -> None:
    """`pulumi up` opens it, and would launch what day two knows nothing of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\nenvironment:\n  - prod\n")
    with pytest.raises(UsageError, match=r"Pulumi.dev.yaml: environment: wanted settings in this file, found Pulumi ESC"):
        loaded({}, [])
