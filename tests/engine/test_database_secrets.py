"""What the database host of a stack leaves in the state: nothing that is secret in plain text, and no change the second time."""

import json
import re

PROGRAM = """
import pulumi
from dataclasses import replace
from cloud_init.host.release import manifests
from cloud_init.host.contracts.manifest import DatabasePart
from components.hosts.database_host import DatabaseHost, DatabaseHostArgs
from components.release.core import Release
from components.rollout.resources import finish

manifest = replace(manifests.without_release("postgres"), environment={"A": "b"}, database=DatabasePart("postgres", "own-host"))
planned = Release(manifest, "app")
host = DatabaseHost("shop-database", DatabaseHostArgs("shop", "postgres", ADDRESS, ["10.0.0.0/24"], "/dev/vdb"))
final = finish(planned, "k", pulumi.Output.secret({"B": "c"}), host)
for name, value in vars(final).items():
    pulumi.export(name, value)
"""


def up(sandbox, address="10.0.0.5"):
    sandbox.program(PROGRAM.replace("ADDRESS", repr(address)))
    result = sandbox.engine().up()
    assert result.ok, result.error
    return result


def test_passwords_and_keys_are_nowhere_in_plain_text(sandbox):
    result = up(sandbox)
    assert result.secret_outputs == {"database_environment", "database_secrets", "secret_environment"}
    environment, secrets = result.outputs["database_environment"], result.outputs["database_secrets"]
    state = (sandbox.folder / ".slipway/dev/state.json").read_text()
    hidden = [*secrets["passwords"].values(), *secrets["key"].split("\n")[1:3]]
    assert len({*hidden}) == 4
    assert not any(value in state for value in hidden)
    assert "PRIVATE KEY" not in state
    password, trusted = secrets["passwords"]["app"], "/etc/slipway/shop/database-ca.pem"
    url = rf"postgresql://app:{password}@10\.0\.0\.5:5432/shop\?sslmode=verify-full&sslrootcert={trusted}"
    assert re.fullmatch(url, environment["DATABASE_URL"])
    assert environment["DATABASE_OWNER_URL"].startswith(f"postgresql://owner:{secrets['passwords']['owner']}@")
    assert "B" not in environment  # the app's own stay with the stack's settings
    database = json.loads(result.outputs["manifest"])["database"]
    assert (database["address"], database["clients"], database["volume"]) == (["10.0.0.5", 5432], ["10.0.0.0/24"], "/dev/vdb")
    assert database["authority"].startswith("-----BEGIN CERTIFICATE-----")


def test_the_second_time_nothing_changes_and_another_address_is_another_certificate(sandbox):
    first, again = up(sandbox), up(sandbox)
    assert again.counts == {"same": first.counts["create"]}
    assert again.outputs["release"] == first.outputs["release"]
    moved = up(sandbox, "fd00::5")
    assert (moved.counts["update"], moved.counts.get("replace")) == (1, None)
    assert moved.outputs["release"] != first.outputs["release"]
    assert moved.outputs["database_secrets"]["passwords"] == first.outputs["database_secrets"]["passwords"]
    assert "@[fd00::5]:5432/" in moved.outputs["database_environment"]["DATABASE_URL"]
