"""What docs say of what was tried without Amazon is what the tests leave out or mend: no more, no less."""

import re

import aws_calls
import aws_emulator
from aws_provider import AWS
from cases import ROOT

_PART = "## What is tried without Amazon"
_TERRAFORMS = re.compile(r"`(aws_[a-z0-9_]+(?:\.[a-z0-9_]+)?)`")
_ACTION = re.compile(r"`([a-z0-9-]+:[A-Z]\w+)`")


def part():
    return (ROOT / "docs/targets/aws-ec2.md").read_text().partition(_PART)[2].partition("\n## ")[0]


def test_what_is_not_told_again_and_what_is_mended_is_listed():
    not_told = {f"{type}.{field}" for type, field in AWS.not_told}
    assert {*_TERRAFORMS.findall(part())} == not_told | aws_emulator.MENDS.keys()


def test_actions_that_are_in_the_policy_unseen_are_listed():
    assert {*_ACTION.findall(part())} == aws_calls.NOT_SEEN.keys()
