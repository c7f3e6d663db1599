"""The target docker on the Pulumi CLI with the provider's own plugin, where both are on PATH."""

import shutil
from pathlib import Path

import pytest
from pulumi_cli import PulumiCli

from tools.testing import is_here

from .docker_engine import EngineHere, OnEngine
from .network import Network
from .test_docker import edit

pytestmark = [
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"),
    pytest.mark.skipif(shutil.which("pulumi-resource-docker") is None, reason="the plugin of pulumi-docker is not on PATH"),
    pytest.mark.skipif(not is_here("dockerd"), reason="no Docker engine here: install docker.io"),
]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_plugin_makes_the_same_containers(tmp_path: Path, database: str) -> None:
    """Nothing to do when nothing changed; a release leaves the plan's containers alone; nothing is left but the volumes."""
    with Network() as network:
        engine = EngineHere(network, tmp_path / "engine")
        try:
            project = OnEngine(engine, database={"engine": database})
            project.take_example("psycopg[binary]==3.3.2\n" if database == "postgres" else "")
            within = tmp_path / "bin"
            within.mkdir()
            (within / "pulumi").write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{engine.namespace} {shutil.which("pulumi")} "$@"\n')
            (within / "pulumi").chmod(0o755)
            project.environment["PATH"] = f"{within}:{project.environment['PATH']}"
            pulumi = PulumiCli(project)
            pulumi("up", "--yes")
            status, first, _ = project.get()
            assert status == 200
            pulumi("preview", "--expect-no-changes", "--diff")
            pulumi("refresh", "--yes")
            pulumi("preview", "--expect-no-changes", "--diff")
            front = engine.ask("inspect", "--format", "{{.Id}}", "showcase-dev-front")
            edit(project, 1)
            pulumi("up", "--yes")
            assert project.get()[1] != first
            assert engine.ask("inspect", "--format", "{{.Id}}", "showcase-dev-front") == front
            pulumi("destroy", "--yes")
            assert project.names() == []
            assert sorted(engine.ask("volume", "ls", "--quiet").split()) == ["showcase-dev", "showcase-dev-data"]
            project.remove()
        finally:
            engine.stop()
