"""What a plan says of the resources of a target that it creates."""

import json

from pulumi.runtime.rpc import UNKNOWN

from components import providers


def test_every_provider_says_what_a_new_one_is():
    base = providers.DynamicProvider
    kinds = [one for name, one in vars(providers).items() if name.endswith("Provider") and issubclass(one, base) and one is not base]
    assert providers.DeployProvider in kinds
    assert [kind.__name__ for kind in kinds if not kind.WORDS or "{" in kind.WORDS.format_map(Filled())] == []


class Filled(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name


def test_a_host_and_what_is_rolled_out_are_named_by_what_they_are():
    facts = json.dumps({"app": "shop", "root": "/srv", "python": "/usr/bin/python3", "front": {}})
    assert providers.HostProvider().words({"facts": facts}) == "shop in /srv, run by /usr/bin/python3"
    manifest = json.dumps({"module": "wsgi:app", "database": {"engine": "sqlite"}})
    told = providers.RolloutProvider().words({"manifest": manifest, "url": "http://127.0.0.1:8080"})
    assert told == "wsgi:app, database sqlite, served at http://127.0.0.1:8080"


def test_what_is_not_known_yet_is_left_open():
    told = providers.RolloutProvider().words({"manifest": UNKNOWN, "url": UNKNOWN})
    assert told == "…, database …, served at …"
    assert providers.SshServerProvider().words({"facts": UNKNOWN}) == "the server at …, set up and kept up to date"
