"""Settings that all targets with servers on a cloud have. Each target derives its own models from these, and gives what is left bare
here its kind of value, its default and what it means there."""

from typing import Annotated

from pydantic import Field

from components.settings import BOOT, Model, kinds, number


class Instances(Model):
    """How many servers."""

    min: Annotated[int, number(1, 100)] = Field(default=1, description="How many servers there are at least.")
    max: Annotated[int, number(1, 100)] = Field(default=1, description="And at most. Over 1 they stand behind a load balancer.")


class Network(Model):
    """The network that servers stand in."""

    vpc: str | None = None
    nat: Annotated[bool, kinds.SWITCH] = Field(
        default=False, description="Servers without public addresses, behind a load balancer. A NAT gateway is priced by the hour."
    )


class Database(Model):
    """The database's server, own or managed."""

    instance_type: str
    disk: Annotated[int, number(20, 16384, "GB")] = Field(default=20, description="The disk of its data.")


class Options(Model):
    """A target's section."""

    region: str
    instance_type: str
    image: str
    disk: Annotated[int, number(8, 16384, "GB")] = Field(default=16, description="A web server's disk.", json_schema_extra=BOOT)
    instances: Instances = Field(default=Instances(), description="How many web servers.", json_schema_extra=BOOT)
    network: Network = Field(default=Network(), description="Where they stand.", json_schema_extra=BOOT)
    ssh: tuple[Annotated[str, kinds.NETWORK], ...] = Field(
        default=(), description="Networks that may reach port 22. Nobody if left out: `exec` and `logs` need no port."
    )
    zone: Annotated[str, kinds.DOMAIN] | None = None
    database: Database
    email: Annotated[str, kinds.EMAIL] | None = Field(
        default=None, description="Who is told when something is wrong. No alarms if left out."
    )

    @property
    def is_fleet(self) -> bool:
        """Several servers, or private ones: behind a load balancer."""
        return self.instances.max > 1 or self.network.nat
