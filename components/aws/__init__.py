"""Building blocks on Amazon Web Services, for any Pulumi program.

from components.aws import ReleaseStore, ReleaseStoreArgs, WebServer, WebServerArgs

Each takes its own `Args`, by name, and says what it made. A block is imported as it is first used.
"""

from typing import TYPE_CHECKING

from components.blocks import package

if TYPE_CHECKING:
    from components.aws.blocks.alarms import Alarms, AlarmsArgs
    from components.aws.blocks.firewall import Firewall
    from components.aws.blocks.host_role import HostRole, HostRoleArgs
    from components.aws.blocks.load_balancer import LoadBalancer, LoadBalancerArgs
    from components.aws.blocks.logs import Logs, LogsArgs
    from components.aws.blocks.managed_database import ManagedDatabase, ManagedDatabaseArgs
    from components.aws.blocks.network import Network, NetworkArgs
    from components.aws.blocks.release_store import ReleaseStore, ReleaseStoreArgs
    from components.aws.blocks.server import DatabaseServer, DatabaseServerArgs, DataDisk, DataDiskArgs, WebServer, WebServerArgs
    from components.aws.blocks.site_name import Certificate, CertificateArgs, SiteName, SiteNameArgs
    from components.aws.blocks.web_fleet import WebFleet, WebFleetArgs
    from components.blocks.args import FirewallArgs

__all__ = [
    "Alarms", "AlarmsArgs", "Certificate", "CertificateArgs", "DataDisk", "DataDiskArgs", "DatabaseServer", "DatabaseServerArgs",
    "Firewall", "FirewallArgs", "HostRole", "HostRoleArgs", "LoadBalancer", "LoadBalancerArgs", "Logs", "LogsArgs", "ManagedDatabase",
    "ManagedDatabaseArgs", "Network", "NetworkArgs", "ReleaseStore", "ReleaseStoreArgs", "SiteName", "SiteNameArgs", "WebFleet",
    "WebFleetArgs", "WebServer", "WebServerArgs",
]  # fmt: skip

if not TYPE_CHECKING:  # a type checker would believe in any name
    __getattr__, __dir__ = package.lazy(__name__, __all__)
