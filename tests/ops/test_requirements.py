"""The root requirements.txt, which `pulumi install` takes: every target's packages and every provider's SDK at once."""

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
        elif text:
            found.add(text)
    return found


def test_the_root_is_all_of_the_targets_and_all_providers():
    of_targets = set().union(*(lines(ROOT / f"requirements/{name}.txt") for name in names()))
    root = lines(ROOT / "requirements.txt")
    assert of_targets <= root
    assert {line.partition("==")[0] for line in root - of_targets} <= PROVIDERS
    assert {line.partition("==")[0] for line in root} >= PROVIDERS


def test_no_package_is_asked_for_in_two_versions():
    wanted = [line for path in (ROOT / "requirements").glob("*.txt") for line in lines(path) | lines(ROOT / "requirements.txt")]
    pins = {line for line in wanted if line.startswith("pulumi")}
    assert len(pins) == len({line.partition("==")[0] for line in pins})
