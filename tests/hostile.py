"""Odd values, and every place of the settings where one can stand: found in the models, so that a new setting is in."""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from components import target
from components.settings.models import Secrets, Settings

ODD = (
    *("\n", "\r", "\r\n", "\t", "\x00", "\x1b[31m", "\x7f", "\x85"),
    *("\u2028", "\u2029", "\ufeff", "\u200b", "\u202e", "\xa0", "\ud800", "\udfff"),
    *("'", '"', '"""', "`", ";", " ;", "#", " #", "{", "}", "{}", "};"),
    *("%", "%%", "%(here)s", "%s", "$", "$$", "${x}", "$(id)", "`id`", "\\"),
    *("\\\\", "\\n", "\\x00", "\\u0000", "@", "@@", "@@RUN@@", "@@NOSUCH@@"),
    *("{{ 7 * 7 }}", "{% raw %}", "{# #}", "<%= x %>", "&&", "||", "| cat"),
    *("\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301"),
    *("ß", "İ", "日本", "العربية", " ", "  ", "", "-", "--", "-v", "~", "*", "?"),
    *("[", "]", "[x]", "null", "true", "no", "0755", "1e3", "NaN", "0x10"),
    *("1_000", "- a\n- b", "a: b", "{a: b}", '{"a": 1}', '["a"]', "!!python/x"),
    *("&a", "*a", "|", ">", "---", "...", "include x;", "; return 200"),
    *("[program:x]", "\n[program:x]\ncommand=id", "../..", "/", "//", "/..", "."),
    *("x" * 300, "x" * 10_000, "\U0001f600" * 5_000, "é" * 70_000, "x " * 5_000, "\\" * 1_001, '"' * 1_001, "ſ", "１", "\u0661"),
)  # fmt: skip
"""What has broken some program's configuration somewhere."""

OTHERS: tuple[Any, ...] = (None, True, False, 0, -1, 3, 10**30, 1.5, float("nan"), [], ["a"], {}, {"a": "b"}, [[]], {"": ""})
"""What isn't text at all."""

PIECES = st.sampled_from(ODD) | st.text(st.characters(), max_size=8)


def around(good: str) -> st.SearchStrategy[str]:
    """A value that is good, with odd text put somewhere into it: such ones are taken more often than nonsense is."""
    return st.builds(lambda place, piece: good[:place] + piece + good[place:], st.integers(0, len(good)), PIECES)


def values(good: Any) -> st.SearchStrategy[Any]:
    """Odd values for a place where `good` is right."""
    return around(str(good)) | PIECES | st.lists(PIECES, max_size=4).map("".join) | st.sampled_from(OTHERS)


GOOD: Mapping[str, Any] = {
    "target": "local", "app.name": "shop", "app.path": "./app", "app.module": "web/shop.wsgi:make('dev')",
    "app.python": "3.11", "app.healthHost": "shop.example:8080",
    "app.healthPath": "/up/%C3%A9", "app.static[name]": "/static/a", "app.static[value]": "shop/static", "app.data[item]": "shop/var",
    "app.releaseCommand": "flask db upgrade", "app.requirements": "requirements/prod.txt", "app.packages[item]": "libpq5",
    "app.build": "npm ci && npm run build", "app.built[item]": "static/dist",
    "app.processes[name]": "worker", "app.processes[value]": "celery -A shop worker", "app.cron[name]": "nightly",
    "app.cron[value].schedule": "0 3 * * 1-5", "app.cron[value].command": "flask clean --all",
    "app.startTimeout": "75", "app.env[name]": "NAME", "app.env[value]": "text",
    "server.kind": "gunicorn", "server.workerClass": "sync", "server.workers": "3", "server.threads": "8", "server.timeout": "120",
    "front": "nginx", "manager": "supervisor", "http.maxBody": "20MB", "http.cors[item]": "https://www.example.com:8443",
    "http.trustedProxies[item]": "203.0.113.0/24", "http.redirectDomains[item]": "shop.example.com",
    "http.path": "/mount/a", "http.allow[item]": "198.51.100.0/24", "http.staticAge": "86399",
    "http.errorPages": "shop/pages", "http.snippet": "deploy/front.conf", "secretLogins[name]": "anna", "secretLogins[value]": "text",
    "database.engine": "sqlite", "database.placement": "same-host",
    "database.extensions[item]": "uuid-ossp", "database.appMayMigrate": True, "domain": "www.example.com",
    "tls.directory": "https://acme.example/directory", "tls.email": "web@example.com", "tls.strict": True,
    "tls.certificate": "deploy/chain.pem", "secretTls[name]": "key", "secretTls[value]": "text",
    "waivers[item].rule": "ssh-closed", "waivers[item].resource": "web", "waivers[item].reason": "a lab", "secretEnv[name]": "KEY",
    "secretEnv[value]": "text", "secretInstall[name]": "TOKEN", "secretInstall[value]": "text", "local.port": "8080",
    "docker.host": "ssh://deploy@203.0.113.9", "docker.context": "office", "docker.port": "8081", "docker.public": True,
    "docker.base": "python:3.13-slim", "docker.memory": "768", "docker.registry": "registry.example:5000/shop",
    "secretRegistry[name]": "user", "secretRegistry[value]": "text",
    "ssh.user": "deploy", "ssh.port": "2222", "ssh.key": "~/.ssh/id_ed25519", "ssh.knownHosts": "known_hosts",
    "ssh.hostKeys[item]": "10.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFCS3o3EynzKoGIhtTbKkyHqbeDBYLxsbYyJ/Q2HG2Ee",
    "ssh.acceptNewHostKeys": True, "ssh.sshFrom[item]": "192.0.2.0/24", "ssh.store": "s3://bucket/shop?region=eu-west-1",
    **{f"ssh.hosts.{one}.{name}": value for one in ("web[item]", "database") for name, value in (
        ("address", "10.0.0.1"), ("name", "one"), ("privateAddress", "10.1.0.1"), ("user", "deploy"), ("port", "2222"))},
    "keepData": True, "lastSnapshot": True, **{f"aws-ec2.{name}": value for name, value in (
        ("region", "eu-west-1"), ("instanceType", "t3.small"), ("image", "ubuntu-24.04"), ("disk", 20), ("dataDisk", 30),
        ("ssh[item]", "192.0.2.0/24"),
        ("instances.min", 1), ("instances.max", 2), ("instances.requests", 0),
        ("certificate", "arn:aws:acm:eu-west-1:123456789012:certificate/1"),
        ("network.vpc", "default"), ("network.subnets[item]", "subnet-0123456789abcdef0"),
        ("network.databaseSubnets[item]", "subnet-0123456789abcdef1"), ("network.nat", True),
        ("network.serverSubnets[item]", "subnet-0123456789abcdef2"), ("zone", "example.com"),
        ("database.instanceType", "t4g.micro"), ("database.disk", 40),
        ("database.version", "16"), ("database.multiAz", True), ("database.backupDays", 14), ("database.applyNow", True),
        ("email", "ops@example.com"),
        ("account", "123456789012"), ("profile", "work"),
        ("tags[name]", "cost-centre"), ("tags[value]", "4711"))},
    **{f"aws-beanstalk.{name}": value for name, value in (
        ("region", "eu-west-1"), ("instanceType", "t3.small"), ("disk", 20), ("instances.min", 1), ("instances.max", 2),
        ("instances.requests", 0), ("certificate", "arn:aws:acm:eu-west-1:123456789012:certificate/1"), ("splitTraffic", True),
        ("network.vpc", "default"), ("network.subnets[item]", "subnet-0123456789abcdef0"),
        ("network.databaseSubnets[item]", "subnet-0123456789abcdef1"), ("network.nat", True),
        ("network.serverSubnets[item]", "subnet-0123456789abcdef2"), ("zone", "example.com"), ("database.instanceType", "t4g.micro"),
        ("database.disk", 40), ("database.version", "16"), ("database.multiAz", True), ("database.backupDays", 14),
        ("database.applyNow", True), ("email", "ops@example.com"), ("logs", 30), ("account", "123456789012"), ("profile", "work"),
        ("tags[name]", "cost-centre"), ("tags[value]", "4711"))},
    **{f"alicloud-ecs.{name}": value for name, value in (
        ("region", "ap-southeast-1"), ("instanceType", "ecs.c8y.large"), ("image", "ubuntu-24.04"), ("disk", 20), ("dataDisk", 30),
        ("ssh[item]", "192.0.2.0/24"), ("instances.min", 1), ("instances.max", 2), ("instances.requests", 3000),
        ("network.vpc", "vpc-0xi0123456789abcdefgh"), ("network.subnets[item]", "vsw-0xi0123456789abcdefga"), ("network.nat", True),
        ("zone", "example.com"), ("certificate", "12345678-cn-hangzhou"), ("email", "ops@example.com"),
        ("database.instanceType", "ecs.t6-c1m2.large"), ("database.disk", 40), ("database.instanceClass", "pg.n2.2c.1m"),
        ("database.authority", "deploy/authority.pem"), ("database.standby", True), ("account", "1234567890123456"),
        ("profile", "work"), ("storeEndpoint", "https://files.example.com"), ("tags[name]", "cost-centre"), ("tags[value]", "4711"))},
    **{f"gcp-vm.{name}": value for name, value in (
        ("project", "shop-123456"), ("region", "europe-west1"), ("instanceType", "c4a-standard-1"), ("image", "ubuntu-24.04"),
        ("disk", 20), ("dataDisk", 30), ("ssh[item]", "192.0.2.0/24"), ("instances.min", 1), ("instances.max", 2),
        ("instances.requests", 3000), ("network.vpc", "main"), ("network.subnet", "web"), ("network.zones[item]", "europe-west1-b"),
        ("network.nat", True), ("zone", "example.com"), ("email", "ops@example.com"), ("database.instanceType", "n2-standard-2"),
        ("database.disk", 40), ("database.instanceClass", "db-custom-2-7680"), ("database.standby", True),
        ("tags[name]", "cost-centre"), ("tags[value]", "4711"), ("logs", True))},
    **{f"heroku.{name}": value for name, value in (
        ("name", "shop-4711"), ("region", "eu"), ("stack", "heroku-24"), ("dynos[name]", "web"), ("dynos[value]", "standard-1x"),
        ("quantities[name]", "web"), ("quantities[value]", 2), ("database", "standard-0"))},
    **{f"gcp-appengine.{name}": value for name, value in (
        ("project", "shop-123456"), ("region", "europe-west1"), ("instanceClass", "F4_1G"), ("minInstances", 1), ("maxInstances", 20),
        ("databaseClass", "db-custom-2-7680"), ("databaseDisk", 40))},
    "ssh.hosts.database.volume": "/dev/disk/by-id/data",
}  # fmt: skip
"""What is right in each place. A setting that isn't here fails the tests: it isn't covered."""

NEEDED: Mapping[str, Any] = {
    "app": {"name": "shop"},
    "database": {"engine": "postgres"},
    "aws-ec2": {"region": "eu-west-1"},
    "aws-beanstalk": {"region": "eu-west-1"},
    "alicloud-ecs": {"region": "ap-southeast-1"},
    **{name: {"project": "shop-123456", "region": "europe-west1"} for name in ("gcp-vm", "gcp-appengine")},
    "ssh": {"hosts": {"web": ["10.0.0.9"], "database": {"address": "10.0.0.8"}}},
}
"""What a section can't do without."""


@dataclass(frozen=True)
class Slot:
    """A place for one value. `part`: "name" or "value" of a mapping, "item" of a list; `inner`: below a value that is a section itself."""

    path: tuple[str, ...]
    part: str = ""
    inner: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join(self.path) + (f"[{self.part}]" if self.part else "") + "".join(f".{name}" for name in self.inner)

    @property
    def secret(self) -> bool:
        return self.path[0] in ("secretEnv", "secretInstall", "secretLogins", "secretRegistry", "secretTls")

    def put(self, value: Any) -> dict[str, Any]:
        """A stack's settings with `value` here and nothing else that isn't needed."""
        held = self._held(value)
        for name in reversed(self.path[1:]):
            held = {name: held}
        section = self.path[0]
        raw: dict[str, Any] = {"target": section if section in target.names() else "local", "app": NEEDED["app"]}
        if "redirectDomains" in self.path:
            raw["domain"] = "www.example.com"
        if self.path in (("tls", "certificate"), ("secretTls",)):
            raw |= {"target": "ssh", "ssh": NEEDED["ssh"], "database": NEEDED["database"] | {"placement": "own-host"}}
            raw |= {"domain": "www.example.com", "secretTls": {"key": "text"}, "tls": {"certificate": "chain.pem"}}
        if self.path == ("secretRegistry",):
            raw |= {"target": "docker", "docker": {"registry": GOOD["docker.registry"]}}
        raw[section] = _joined(NEEDED[section], held) if section in NEEDED and self.path[1:] else held
        return {f"slipway:{name}": one for name, one in raw.items()}

    def _held(self, value: Any) -> Any:
        here = ".".join(self.path)
        if self.part == "item":
            return [{**_partner(here, "item"), self.inner[0]: value} if self.inner else value]
        if not self.part:
            return value
        if self.part == "name":
            return {value: _partner(here)}
        return {GOOD[f"{here}[name]"]: {**_partner(here), self.inner[0]: value} if self.inner else value}


def _joined(needed: Any, held: Any) -> Any:
    """What is needed, with what is held in its place."""
    if not isinstance(needed, Mapping) or not isinstance(held, Mapping):
        return held
    return {**needed, **{name: _joined(needed.get(name), one) for name, one in held.items()}}


def _partner(holder: str, part: str = "value") -> Any:
    """What is right as a value of the mapping, or as an item of the list: a text, or a section."""
    start = f"{holder}[{part}]"
    inner = {name.removeprefix(start + "."): good for name, good in GOOD.items() if name.startswith(start + ".")}
    return inner or GOOD[start]


def slots() -> list[Slot]:
    """Every place in the settings, secrets and the sections of targets included."""
    found = [*_below(Settings, ()), *_below(Secrets, ())]
    for name in target.names():
        found += _below(target.find(name).Options, (name,))
    return found


def _below(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[Slot]:
    for name, field in model.model_fields.items():
        yield from _of(field.annotation, (*path, field.alias or name))


def _of(annotation: Any, path: tuple[str, ...]) -> Iterator[Slot]:
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _below(annotation, path)
    elif typing.get_origin(annotation) in (Mapping, dict):
        yield Slot(path, "name")
        yield from _parts(_bare(typing.get_args(annotation)[1]), path, "value")
    elif typing.get_origin(annotation) in (tuple, list):
        yield from _parts(_bare(typing.get_args(annotation)[0]), path, "item")
    else:
        yield Slot(path)


def _parts(inner: Any, path: tuple[str, ...], part: str) -> Iterator[Slot]:
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        yield from (Slot(path, part, slot.path) for slot in _below(inner, ()))
    else:
        yield Slot(path, part)


def _bare(annotation: Any) -> Any:
    """Without `Annotated` and `| None`."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        choices = [one for one in typing.get_args(annotation) if one is not type(None)]
        return _bare(choices[0]) if len(choices) == 1 else annotation
    return annotation
