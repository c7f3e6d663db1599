"""The root requirements.txt, which `pulumi install` takes: every target's packages and every provider's SDK at once."""

import re
from pathlib import Path

from components.target import names

ROOT = Path(__file__).parents[2]
PROVIDERS = {"pulumi-aws", "pulumi-alicloud", "pulumi-gcp", "pulumi-docker"}


def lines(path: Path) -> set[str]:
    """What a file of requirements asks for, those that it names included."""
    found: set[str] = set()
    for line in path.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found |= lines(path.parent / text.removeprefix("-r "))
        elif text and not text.startswith("-c "):
            found.add(text)
    return found


def test_the_root_is_all_of_the_targets_and_all_providers():
    of_targets = set().union(*(lines(ROOT / f"requirements/{name}.in") for name in names()))
    root = lines(ROOT / "requirements.txt")
    assert of_targets <= root
    assert {line.partition("==")[0] for line in root - of_targets} <= PROVIDERS
    assert {line.partition("==")[0] for line in root} >= PROVIDERS


def test_no_package_is_asked_for_in_two_versions():
    wanted = [line for path in (ROOT / "requirements").glob("*.in") for line in lines(path) | lines(ROOT / "requirements.txt")]
    pins = {line for line in wanted if line.startswith("pulumi")}
    assert len(pins) == len({line.partition("==")[0] for line in pins})


def test_the_lock_has_every_pin_with_hashes_and_names_no_index():
    """Whether it has all that these need in turn is seen where it is installed: pip then takes nothing without a hash."""
    lock = (ROOT / "requirements/lock.txt").read_text()
    pinned = {
        re.sub(r"[._]", "-", re.sub(r"\[.*\]", "", pin.lower())) for path in (ROOT / "requirements").glob("*.in") for pin in lines(path)
    }
    locked = {re.sub(r"[._]", "-", pin) for pin in re.findall(r"^([^ ]+==[^ ]+).* \\\n    --hash=sha256:", lock, re.MULTILINE)}
    assert pinned <= locked
    assert "://" not in lock
