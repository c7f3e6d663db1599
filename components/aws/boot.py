"""What servers of a stack are given for their first start."""

import pulumi

from cloud_init import bootstrap
from cloud_init.boot import Boot
from components.aws import names
from components.aws.host_role import HostRole
from components.aws.release_store import ReleaseStore


def user_data(app: str, stack: str, role: str, region: str, store: ReleaseStore, host_role: HostRole) -> pulumi.Output[str]:
    """The cloud-config of a server: it follows the store by its role's credentials, under the name that the policy lets it write as."""

    def render(known: list[str]) -> str:
        bucket, identity = known
        return bootstrap.cloud_config(Boot(app, stack, role, names.address(bucket, region), f"{identity}:{{host}}"))

    return pulumi.Output.all(store.bucket, host_role.unique_id).apply(render)
