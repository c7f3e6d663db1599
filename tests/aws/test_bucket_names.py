"""The bucket's name: legal whatever the names hold, its own for each stack."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_init.host.stores.bucket import BucketAddress
from components.aws import common

WHERE = ("123456789012", "eu-west-1", "slipway", "prod", "shop")


def test_a_name_says_whose_it_is():
    assert re.fullmatch(r"shop-prod-[0-9a-f]{12}", common.bucket_name(*WHERE))


@given(stack=st.text(min_size=1, max_size=120), app=st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True))
def test_a_name_is_legal_whatever_the_stack_is_called(stack, app):
    name = common.bucket_name("123456789012", "eu-west-1", "slipway", stack, app)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)
    assert "--" not in name  # `xn--`, `--x-s3` and the like have meanings
    assert not name.startswith(("sthree-", "amzn-s3-demo-"))


@pytest.mark.parametrize("app", ["sthree", "amzn-s3-demo", "amzn-s3-demo-" + "x" * 18])
def test_beginnings_that_are_taken(app):
    name = common.bucket_name(*WHERE[:3], "a" * 50, app)
    assert name.startswith("x")
    assert len(name) <= 63


@pytest.mark.parametrize("part", range(5))
def test_each_part_makes_another_name(part):
    other = [*WHERE]
    other[part] += "x"
    assert common.bucket_name(*other) != common.bucket_name(*WHERE)


def test_parts_do_not_run_into_each_other():
    assert common.bucket_name("1", "2", "a", "b-c", "d") != common.bucket_name("1", "2", "a", "c", "d-b")
    assert common.bucket_name("1", "2", "ab", "c", "d") != common.bucket_name("1", "2", "a", "bc", "d")


def test_the_address_is_a_stores():
    place = BucketAddress(common.store_address("shop-prod-0123", "eu-west-1"), ("region", "endpoint"))
    assert (place.bucket, place.prefix, place.options) == ("shop-prod-0123", None, {"region": "eu-west-1"})
