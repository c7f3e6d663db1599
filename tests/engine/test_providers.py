"""What older state files hold of a provider still finds today's code: their destroy depends on it."""

import base64
import json
from pathlib import Path

import dill
import pytest
from pulumi.dynamic.dynamic import serialize_provider

from components import providers

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/providers.json").read_text())


@pytest.mark.parametrize("name", GOLDEN)
def test_a_provider_of_the_first_version_is_todays_class(name):
    provider = dill.loads(base64.b64decode(GOLDEN[name]))
    assert type(provider) is getattr(providers, name)
    assert serialize_provider(provider) == GOLDEN[name]


def test_every_provider_is_held():
    made = {name for name, value in vars(providers).items() if name.endswith("Provider") and value.__module__ == providers.__name__}
    assert made - {"DynamicProvider"} == set(GOLDEN)
