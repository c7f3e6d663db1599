"""Terraform's names and Pulumi's: camelCase, plural where there may be several, one item flattened. The SDK has the last word."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tools.type_tables.sdk import Input
from tools.type_tables.terraform.asking import Answers
from tools.type_tables.terraform.fields import Field, Path
from tools.type_tables.verdict import Verdict

_PLURALS = (("", ""), ("", "s"), ("", "es"), ("y", "ies"), ("s", ""))
# Inputs that pulumi-aws 7 has on what is in one region; provider 6 replaces when it changes, provider 5 hadn't got it.
_REGION = "region"
# Renamed by hand in pulumi-aws: Terraform's names, Pulumi's in Python's spelling.
_RENAMED = {"alarm_name": "name", "version_label": "version", "topic_arn": "topic"}
_NOT_INPUTS = {"id", "tags_all", "timeouts"}


@dataclass
class Mapped:
    """The verdicts under Pulumi's names, and what stands on one side alone."""

    inputs: dict[str, Verdict] = field(default_factory=dict)
    pulumi_only: list[str] = field(default_factory=list)
    terraform_only: list[str] = field(default_factory=list)


def mapped(answers: Answers, fields: Mapping[str, Field], inputs: Mapping[str, Input]) -> Mapped:
    """An input that the provider doesn't have is not known to replace, nor not to."""
    found = Mapped()
    found.inputs = _level(found, answers, fields, inputs, (), "")
    if _REGION in inputs and _REGION not in fields:
        found.inputs[_REGION] = Verdict(True)
        found.pulumi_only.remove(_REGION)
    return found


def _level(
    found: Mapped, answers: Answers, fields: Mapping[str, Field], inputs: Mapping[str, Input], above: Path, shown: str
) -> dict[str, Verdict]:
    pairs = dict(_pairs(fields, inputs))
    settable = {name for name, one in fields.items() if one.settable and name not in _NOT_INPUTS}
    found.terraform_only += [".".join((*above, name)) for name in sorted(settable - set(pairs.values()))]
    verdicts = {}
    for name, one in inputs.items():
        if name not in pairs:
            found.pulumi_only.append(shown + name)
            verdicts[name] = Verdict(None)
            continue
        path = (*above, pairs[name])
        deeper = fields[pairs[name]].below
        below = _level(found, answers, deeper, one.below, path, f"{shown}{name}.") if deeper and one.below else {}
        verdicts[name] = Verdict(answers.get(path), below, one.many)
    return verdicts


def _pairs(fields: Mapping[str, Field], inputs: Mapping[str, Input]) -> Iterator[tuple[str, str]]:
    """(Pulumi's name, Terraform's), those that are spelled alike first."""
    theirs, ours = dict.fromkeys(fields), dict(inputs)
    for old, new in _PLURALS:
        for name, one in list(ours.items()):
            wanted = _plain(one.snake.removesuffix("_"))
            match = next((key for key in theirs if key.endswith(old) and _plain(key.removesuffix(old) + new) == wanted), None)
            if match is not None:
                del theirs[match], ours[name]
                yield name, match
    for name, one in ours.items():
        renamed = next((key for key in theirs if _RENAMED.get(key) == one.snake), None)
        if renamed:
            yield name, renamed


def _plain(name: str) -> str:
    return name.replace("_", "")
