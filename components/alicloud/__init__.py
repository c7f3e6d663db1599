"""Building blocks on Alibaba Cloud, for any Pulumi program.

from components.alicloud import ReleaseStore, ReleaseStoreArgs, WebServer, WebServerArgs

Each takes its own `Args`, by name, and says what it made. A block is imported as it is first used.
"""

from typing import TYPE_CHECKING

from components.blocks import package

if TYPE_CHECKING:
    from components.alicloud.blocks.alarms import Alarms
    from components.alicloud.blocks.firewall import Firewall
    from components.alicloud.blocks.host_role import HostRole, HostRoleArgs
    from components.alicloud.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
    from components.alicloud.blocks.network import Network, NetworkArgs
    from components.alicloud.blocks.release_store import ReleaseStore
    from components.alicloud.blocks.server import DatabaseServer, DatabaseServerArgs, DataDisk, WebServer, WebServerArgs
    from components.alicloud.blocks.site_name import SiteName, SiteNameArgs
    from components.alicloud.blocks.web_fleet import WebFleet, WebFleetArgs
    from components.blocks.args import AlarmsArgs, DataDiskArgs, FirewallArgs, ReleaseStoreArgs

__all__ = [
    "Alarms", "AlarmsArgs", "DataDisk", "DataDiskArgs", "DatabaseServer", "DatabaseServerArgs", "Firewall", "FirewallArgs", "HostRole",
    "HostRoleArgs", "ManagedDatabase", "ManagedDatabaseArgs", "Network", "NetworkArgs", "ReleaseStore", "ReleaseStoreArgs", "SiteName",
    "SiteNameArgs", "WebFleet", "WebFleetArgs", "WebServer", "WebServerArgs",
]  # fmt: skip

if not TYPE_CHECKING:  # a type checker would believe in any name
    __getattr__, __dir__ = package.lazy(__name__, __all__)
