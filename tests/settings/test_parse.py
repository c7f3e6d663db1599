"""Stack config as settings: what is right, every way to be wrong (wrong.yaml), and anything at all."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.errors import SlipwayError, UsageError
from components.settings import Model, Settings, number, parse, reader, target_options

GOOD: dict[str, Any] = {"target": "local", "app": {"name": "shop"}}
CASES = yaml.safe_load((Path(__file__).parent / "wrong.yaml").read_text())


@pytest.fixture(autouse=True)
def _targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "target_names", lambda: ["docker", "local"])


def full(raw: dict[str, Any]) -> dict[str, Any]:
    return {f"slipway:{key}": value for key, value in {**GOOD, **raw}.items()}


def as_pulumi_has_it(raw: dict[str, Any]) -> dict[str, Any]:
    """Objects as JSON text."""
    return {key: json.dumps(value) if isinstance(value, dict) else value for key, value in raw.items()}


def message(raw: dict[str, Any], secret: list[str] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        parse(raw, [f"slipway:{key}" for key in secret or []], "organisation/shop/dev")
    return str(caught.value)


@pytest.mark.parametrize("spelled", [dict, as_pulumi_has_it], ids=["plain", "json"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_wrong_settings_are_told(case: dict[str, Any], spelled: Any) -> None:
    head, *lines = message(spelled(full(case["raw"])), case.get("secret")).split("\n  ")
    wanted = case.get("lines") or case["keys"]
    assert head == f"Pulumi.dev.yaml: {len(wanted)} setting{'s are' if wanted[1:] else ' is'} wrong"
    found = lines if "lines" in case else [line.partition(": ")[0] for line in lines]
    assert found == sorted(wanted)
    assert "hunter2" not in "".join(lines)


def test_defaults() -> None:
    settings = parse(full({}), [], "dev")
    assert settings.stack == "dev"
    assert (settings.target, settings.front, settings.manager, settings.domain) == ("local", "nginx", "supervisor", None)
    assert settings.app.model_dump() == {
        **{
            "name": "shop",
            "path": ".",
            "module": None,
            "python": None,
            "health_path": "/",
            "health_host": None,
            "start_timeout": 30,
            "static": {},
        },
        **{"data": (), "release_command": None, "processes": {}, "cron": {}, "env": {}},
        **{"requirements": None, "packages": (), "build": None, "built": ()},
    }
    server = {"kind": "auto", "worker_class": None, "workers": "auto", "threads": 128, "timeout": 30}
    assert settings.server.model_dump() == server
    assert settings.http.model_dump() == {
        "max_body": 20_000_000, "cors": (), "redirect_domains": (), "trusted_proxies": (), "path": None, "allow": (),
        "static_age": None, "error_pages": None, "snippet": None,
    }  # fmt: skip
    assert settings.database.model_dump() == {"engine": "none", "placement": "same-host", "extensions": (), "app_may_migrate": False}
    assert settings._sections == {}


def test_everything_set() -> None:
    app = {
        **{"name": "shop", "path": "../shop", "module": "shop.wsgi:make.it()", "python": "3.13", "healthPath": "/up/%C3%A9"},
        **{"static": {"/static": "shop/static", "/.well-known": "known"}, "releaseCommand": "flask db upgrade"},
        **{"processes": {"worker": "celery -A shop worker"}, "env": {"DEBUG": 1, "TEXT": "a\n@@b\t", "_x": ""}},
    }
    raw = {
        "app": app,
        "server": {"kind": "uwsgi", "workerClass": "gevent", "workers": "256", "threads": "8", "timeout": 3600},
        **{"front": "apache", "manager": "systemd", "domain": "www.xn--bcher-kva.example"},
        "http": {"maxBody": "1gb", "cors": ["*", "HTTPS://A.example:8443", "http://[::1]:3000", "capacitor://localhost"]},
        "database": {"engine": "postgres", "placement": "external"},
        **{"local": {"port": 8080}, "docker": {"network": "web"}},
        "secretEnv": {"DATABASE_URL": "postgresql://u:hunter2@db/shop", "LATER": {"secure": "v1:x"}},
    }
    settings = parse(as_pulumi_has_it(full(raw)), ["slipway:secretEnv"], "dev")
    assert settings.app.env == {"DEBUG": "1", "TEXT": "a\n@@b\t", "_x": ""}
    assert (settings.server.workers, settings.server.threads) == (256, 8)
    assert settings.http.max_body == 10**9
    assert settings.http.cors == ("*", "https://a.example:8443", "http://[::1]:3000", "capacitor://localhost")
    assert settings._sections == {"local": {"port": 8080}, "docker": {"network": "web"}}
    assert "hunter2" not in repr(settings) + str(vars(settings)) + str(settings.__pydantic_private__)


@pytest.mark.parametrize(("text", "size"), [("0", 0), (0, 0), (512, 512), ("512B", 512), ("2 kb", 2000), ("1000GB", 10**12)])
def test_sizes(text: object, size: int) -> None:
    assert parse(full({"http": {"maxBody": text}}), [], "dev").http.max_body == size


def test_switches_as_config_set_writes_them() -> None:
    for text, value in (("true", True), ("false", False)):
        assert parse(full({"tls": {"strict": text}, "domain": "a.example"}), [], "dev").tls.strict is value


def test_settings_are_frozen() -> None:
    settings = parse(full({}), [], "dev")
    with pytest.raises(ValueError, match="frozen"):
        settings.app.name = "other"


def test_secret_environment_is_for_the_program() -> None:
    with pytest.raises(RuntimeError, match="running program"):
        _ = parse(full({}), [], "dev").secret_env


@pytest.mark.parametrize("raw", [{}, {"other:target": "local"}, {"slipway:app": None, "slipway:target": ""}])
def test_no_settings_at_all(raw: dict[str, Any]) -> None:
    assert message(raw) == ("Pulumi.dev.yaml: wanted slipway: settings, found none; write them with: ./slipway --stack dev init APP")


def test_empty_sections_are_defaults() -> None:
    assert parse(full({"http": None, "server": "", "domain": ""}), [], "dev").server.threads == 128


def test_other_targets_keep_their_sections() -> None:
    settings = parse(full({"target": "not-yet-made", "not-yet-made": {"a": 1}, "docker": {"b": 2}}), [], "dev")
    assert settings._sections == {"not-yet-made": {"a": 1}, "docker": {"b": 2}}


class Inner(Model):
    size_gb: int = 10


class Options(Model):
    port: int = 8080
    region: str
    threads: Any = None
    disk: Inner = Inner()


def test_target_options() -> None:
    settings = parse(full({"local": {"region": "here", "disk": {"sizeGb": 20}}}), [], "dev")
    options = target_options(settings, Options, "local")
    assert (options.port, options.region, options.disk.size_gb) == (8080, "here", 20)


def test_target_options_are_told_in_the_same_style() -> None:
    settings = parse(full({"local": {"prot": 1, "port": "x", "disk": {"sizeGB": 1, "zzz": 2}}}), [], "o/p/live")
    with pytest.raises(UsageError) as caught:
        target_options(settings, Options, "local")
    assert str(caught.value).split("\n  ") == [
        "Pulumi.live.yaml: 5 settings are wrong",
        "slipway:local.disk.sizeGB: no such setting; docs/settings.md has those that there are",
        "slipway:local.disk.zzz: no such setting; docs/settings.md has those that there are",
        "slipway:local.port: wanted a valid integer, unable to parse string as an integer, found 'x'",
        "slipway:local.prot: no such setting; docs/settings.md has those that there are",
        "slipway:local.region: wanted a value (docs/settings.md says which), found nothing",
    ]


def test_a_section_that_is_left_out_is_all_defaults() -> None:
    assert target_options(parse(full({}), [], "dev"), Inner, "local").size_gb == 10


def test_number_names_its_unit() -> None:
    assert number(1, 9, "minutes").wanted == "a whole number from 1 to 9 (minutes)"


KNOWN = ["target", "app", "server", "front", "manager", "http", "database", "domain", "secretEnv", "local", "x", ""]
INNER = ["name", "path", "module", "python", "healthPath", "static", "env", "cors", "maxBody", "workers", "engine", "placement"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
NAMES = st.sampled_from(INNER) | st.text(st.characters(), max_size=8)
VALUES = st.recursive(SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=4), max_leaves=8)
ROOTS = (st.sampled_from(KNOWN) | st.text(st.characters(), max_size=8)).map(lambda key: f"slipway:{key}")


@given(st.dictionaries(ROOTS, VALUES, max_size=5), st.lists(ROOTS, max_size=2))
def test_anything_is_settings_or_a_told_mistake(raw: dict[str, Any], secret: list[str]) -> None:
    try:
        assert isinstance(parse(raw, secret, "dev"), Settings)
    except SlipwayError as error:
        head, *lines = str(error).split("\n")
        assert head.startswith("Pulumi.dev.yaml: ")
        assert all(line.startswith("  slipway:") and line.isprintable() for line in lines if line.isascii())
        str(error).encode()


@given(VALUES)
def test_no_section_can_break_a_target(section: Any) -> None:
    try:
        target_options(parse(full({"local": section}), [], "dev"), Options, "local")
    except SlipwayError as error:
        str(error).encode()


@given(st.text(min_size=8).filter(lambda text: "hunter" not in text), st.sampled_from(["SECRET", "1A", "DATABASE_URL"]))
def test_a_secret_is_never_told(value: str, name: str) -> None:
    secret = f"hunter2-{value}"
    for raw in ({"secretEnv": {name: secret}}, {"secretEnv": {name: [secret]}}, {"secretEnv": secret}, {"app": secret}):
        sealed = list(raw)
        try:
            settings = parse(full({**raw, "database": {"engine": "mysql"}}), [f"slipway:{key}" for key in sealed], "dev")
            said = repr(settings)
        except SlipwayError as error:
            said = str(error)
        assert "hunter2" not in said


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, [[[[[[[[[[[[[[1]]]]]]]]]]]]]]])
def test_depth_is_told(deep: object) -> None:
    assert "slipway:app" in message(full({"app": deep}))


def test_a_number_that_python_refuses_to_write_is_told() -> None:
    assert "found a very large number" in message(full({"server": {"threads": 10**5000}}))


def test_the_names_of_the_apps_environment_are_known_without_its_values() -> None:
    raw = {"slipway:target": "local", "slipway:app": {"name": "shop", "env": {"DEBUG": "0"}}, "slipway:secretEnv": {"SECRET_KEY": "x" * 30}}
    assert parse(raw, ["slipway:secretEnv"], "dev").given == {"DEBUG", "SECRET_KEY"}
