"""An image that somebody names by its id: for the instance type's architecture, or refused before anything is made."""

from pathlib import Path
from typing import Any

import cases
import pytest

from components.errors import SlipwayError
from ops.plan import stand_ins

_SMALL = Path(__file__).parent / "stacks/small.yaml"
_OWN = "slipway:aws-ec2"
ARM, INTEL = "ami-0123456789abcdef0", "ami-0fedcba9876543210"
TOKEN = "aws:ec2/getAmiIds:getAmiIds"


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon answers with what the filters leave of two images."""
    there, made = {ARM: "arm64", INTEL: "x86_64"}, stand_ins.lookup

    def lookup(token: str, arguments: Any) -> tuple[str, dict[str, Any]]:
        name, answer = made(token, arguments)
        if token == TOKEN:
            wanted = {one["name"]: one["values"] for one in arguments["filters"]}
            answer["ids"] = [id for id, kind in there.items() if id in wanted["image-id"] and kind in wanted["architecture"]]
        return name, answer

    monkeypatch.setattr(stand_ins, "lookup", lookup)


def _record(image: str, instance_type: str, answered: bool, **more: Any) -> Any:
    changes = {"image": image, "instanceType": instance_type, **more}
    return cases.read(_SMALL).with_({f"{_OWN}.{name}": value for name, value in changes.items()}).record(answered).plan


@pytest.mark.parametrize("answered", [False, True], ids=["preview", "real"])
@pytest.mark.parametrize("more", [{}, {"instances": {"max": 2}}], ids=["one server", "fleet"])
@pytest.mark.parametrize(
    ("image", "instance_type", "line"),
    [
        (
            INTEL, "t4g.small", f"shop-web: image: wanted one for arm64 (t4g.small), found {INTEL} for x86_64; "
            "set an image for arm64, or an instance type of x86_64",
        ),
        (
            ARM, "t3.small", f"shop-web: image: wanted one for x86_64 (t3.small), found {ARM} for arm64; "
            "set an image for x86_64, or an instance type of arm64",
        ),
    ],
)  # fmt: skip
def test_an_image_of_another_architecture_is_refused_in_one_line(
    images: None, image: str, instance_type: str, line: str, more: dict[str, Any], answered: bool
) -> None:
    with pytest.raises(SlipwayError) as told:
        _record(image, instance_type, answered, **more)
    assert str(told.value) == line


@pytest.mark.parametrize(("image", "instance_type"), [(ARM, "t4g.small"), (INTEL, "t3.small"), ("ami-0123456789", "t3.small")])
def test_one_that_fits_is_taken_and_so_is_one_that_nobody_tells_of(images: None, image: str, instance_type: str) -> None:
    (server,) = _record(image, instance_type, False).of("aws:ec2/instance:Instance")
    assert server.inputs["ami"] == image


def test_a_plan_without_answers_says_nothing() -> None:
    plan = _record(ARM, "t3.small", False)
    (server,) = plan.of("aws:ec2/instance:Instance")
    assert (server.inputs["ami"], [one.token for one in plan.lookups].count(TOKEN)) == (ARM, 1)
