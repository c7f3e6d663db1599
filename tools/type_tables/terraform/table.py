"""All chosen types of one provider, asked one after the other."""

from collections.abc import Callable
from pathlib import Path

from tools.type_tables import chosen, tags
from tools.type_tables.sdk import Sdk
from tools.type_tables.terraform import plugin
from tools.type_tables.terraform.asking import Type
from tools.type_tables.terraform.fields import of_block
from tools.type_tables.terraform.names import mapped
from tools.type_tables.terraform.settings import GIVEN, SETTINGS
from tools.type_tables.writing import Entry

Tell = Callable[[str], None]


def entries(provider: str, program: Path, sdk: Sdk, tell: Tell) -> dict[str, Entry]:
    """`tell` hears of every name without a counterpart."""
    with plugin.started(program, SETTINGS.get(provider, {})) as asked:
        found = {token: entry(provider, asked, sdk, token, name, tell) for token, name in chosen.types(provider).items()}
    return {token: one for token, one in found.items() if one}


def entry(provider: str, asked: plugin.Plugin, sdk: Sdk, token: str, name: str, tell: Tell) -> Entry | None:
    """One type; None where SDK or provider doesn't have it."""
    if token not in sdk or name not in asked.resources:
        tell(f"{token}: not in both provider ({name}) and SDK: left out")
        return None
    fields, inputs = of_block(asked.resources[name]), sdk.inputs(token)
    answers = Type(asked, name, fields, GIVEN.get(name, {})).answers()
    found = mapped(answers, fields, inputs)
    if not answers:
        tell(f"{token}: the provider ({name}) could not be made to plan one")
    for side, names in (("the SDK", found.pulumi_only), ("the provider", found.terraform_only)):
        if names:
            tell(f"{token}: only in {side}: {', '.join(names)}")
    return Entry(found.inputs, tags.where(provider, inputs))
