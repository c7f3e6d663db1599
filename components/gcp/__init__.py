"""Building blocks on Google Cloud, for any Pulumi program.

from components.gcp import ReleaseStore, ReleaseStoreArgs, WebServer, WebServerArgs

Each takes its own `Args`, by name, and says what it made. A block is imported as it is first used.
"""

from typing import TYPE_CHECKING

from components.blocks import package

if TYPE_CHECKING:
    from components.blocks.args import ReleaseStoreArgs
    from components.gcp.blocks.alarms import Alarms, AlarmsArgs
    from components.gcp.blocks.firewall import Firewall, FirewallArgs
    from components.gcp.blocks.host_role import HostRole, HostRoleArgs
    from components.gcp.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
    from components.gcp.blocks.network import Network, NetworkArgs
    from components.gcp.blocks.release_store import ReleaseStore
    from components.gcp.blocks.server import DatabaseServer, DatabaseServerArgs, DataDisk, DataDiskArgs, WebServer, WebServerArgs
    from components.gcp.blocks.site_name import Certificate, CertificateArgs, SiteName, SiteNameArgs
    from components.gcp.blocks.web_fleet import WebFleet, WebFleetArgs

__all__ = [
    "Alarms", "AlarmsArgs", "Certificate", "CertificateArgs", "DataDisk", "DataDiskArgs", "DatabaseServer", "DatabaseServerArgs",
    "Firewall", "FirewallArgs", "HostRole", "HostRoleArgs", "ManagedDatabase", "ManagedDatabaseArgs", "Network", "NetworkArgs",
    "ReleaseStore", "ReleaseStoreArgs", "SiteName", "SiteNameArgs", "WebFleet", "WebFleetArgs", "WebServer", "WebServerArgs",
]  # fmt: skip

if not TYPE_CHECKING:  # a type checker would believe in any name
    __getattr__, __dir__ = package.lazy(__name__, __all__)
