"""The real Google provider says yes to every stack: applied to an emulated account, planned again without a change, destroyed with the
data kept, and without.

The account answers as Google's documentation and the provider's own source say (google_rest.py, google_things.py); what of that is
true in the cloud nobody has seen. Not checked at all: rights, quotas, whether a type, a disk or a tier is there in a zone, texts in a
language of the cloud's own (conditions, filters of alarms), Pulumi's bridge from its library to this provider, and its own block.
"""

from typing import Any

import cases
import pytest
from cases import ROOT
from clouds import terraform as terraforms
from clouds.launch import Launch
from clouds.recording import record
from gcp_provider import GOOGLE
from google_rest import emulated
from google_things import PROJECT

from ops.stack.project import Project

FOLDERS = ("stacks", "tests/gcp/stacks")
ZONE = "example.com"
OWN = "slipway:gcp-vm"
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "long-fleet": ("gcp-vm-fleet", {}),
    "long-database": ("own-postgres", {}),
    "long-server": ("data-disk", {f"{OWN}.zone": ZONE, "slipway:domain": "shop.example.com"}),
    "large-fleet": (
        "fleet",
        {f"{OWN}.instances": {"min": 1, "max": 100, "requests": 0}, f"{OWN}.disk": 16384, "slipway:server.timeout": 590},
    ),
    "large-managed": ("managed-mysql", {f"{OWN}.database": {"disk": 16384, "instanceClass": "db-custom-96-368640"}}),
}
"""Stacks that are asked otherwise; `long`: with the longest name that an app may have."""
LONGEST = 31
EXAMPLE = {"shop:bucket": "shop-4711", "shop:google": PROJECT}
"""What the program of somebody's own is given, whose stack `dev` keeps nothing."""
pytestmark = [pytest.mark.cost, pytest.mark.skipif(bool(terraforms.missing(GOOGLE)), reason=terraforms.missing(GOOGLE))]


def stacks():
    """Every stack file's and those, each under names that no other has."""
    paths = {path.stem: path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.yaml")) if "gcp-vm" in path.read_text()}
    found = {name: cases.read(path) for name, path in paths.items()}
    found |= {name: found[stack].with_(changes) for name, (stack, changes) in VARIANTS.items()}
    return {name: _apart(case, name) for name, case in found.items()}


def _apart(case, name):
    name = name.ljust(LONGEST, "x") if name.startswith("long-") else name
    domain = {"slipway:domain": f"{name}.{ZONE}"} if "slipway:domain" in case.config else {}
    return case.with_({"slipway:app.name": name, **domain})


def test_every_stack_is_applied_and_destroyed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    project, before = Project("slipway", ROOT), terraforms.spent()
    with emulated() as (endpoint, account), terraforms.started(GOOGLE, tmp_path / "terraform") as terraform:
        schema = terraform.schema()

        def recorded(changes):
            of_slipway = [record(name, project, dict(one.with_(changes).config), schema) for name, one in stacks().items()]
            return [*of_slipway, record("example", Project("shop", ROOT / "examples/gcp"), EXAMPLE, schema)]

        keeping = recorded({})
        launch = Launch(terraform, schema, endpoint, keeping)
        launch.apply()
        assert terraform.problems("validate") == []  # warnings too
        launch.again()
        filled = launch.fill()
        kept = launch.destroy_all_but_kept()
        assert launch.left() == kept | {one for one in filled if ("storage", one[1].partition("/o/")[0]) in kept}
        copies = launch.destroy_kept(recorded({"slipway:keepData": False}))
        assert launch.left() == copies
    assert account.unknown == []
    assert [path for path, policy in account.policies.items() if policy.get("bindings")] == []  # no right outlives whom it is for
    with capsys.disabled():
        count, seconds = sum(len(one.made) for one in keeping), terraforms.spent() - before
        print(f"\n{len(keeping)} stacks, {count} resources, {len(kept)} things stay: {seconds:.0f} s of processor time")
        print(", ".join(f"{what} {seconds:.0f} s" for what, seconds in launch.seconds.items()))
