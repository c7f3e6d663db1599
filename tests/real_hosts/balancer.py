"""A load balancer as a cloud's, in front of the hosts of a network."""

import subprocess
import tempfile
from pathlib import Path

from .network import Network


class Balancer:
    """haproxy at the network's gateway, set up by the file `kind`. Any host may come to be one of its: those that don't answer at the
    health path are none."""

    def __init__(self, network: Network, path: str, kind: str = "balancer.cfg") -> None:
        lines = [f"    server host{number} {network.address(number)}:80" for number in range(2, 10)]
        text = Path(__file__).with_name(kind).read_text(encoding="utf-8")
        for word, value in {"ADDRESS": network.gateway, "PATH": path, "SERVERS": "\n".join(lines)}.items():
            text = text.replace(word, value)
        self._folder = tempfile.TemporaryDirectory(prefix="slipway-balancer-")
        file = Path(self._folder.name, "balancer.cfg")
        file.write_text(text)
        self._process = subprocess.Popen(["haproxy", "-db", "-q", "-f", str(file)], stdin=subprocess.DEVNULL)

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(30)
        self._folder.cleanup()
