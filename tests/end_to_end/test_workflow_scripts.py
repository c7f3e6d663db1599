"""The scripts of the workflows on the real engine. Runs where `pulumi` is on PATH."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / ".github/scripts"
pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")


@pytest.mark.family("scripts of the workflows")
def test_a_review_stack_from_its_label_to_its_end(site, pulumi):
    def script(name, *words, code=0):
        command = [str(SCRIPTS / name), *words]
        done = subprocess.run(command, cwd=site.folder, env=site.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    shutil.copy(site.folder / "Pulumi.dev.yaml", site.folder / "Pulumi.review.yaml")
    script("review.sh", "up", "7")
    assert site.get() == "one"
    script("drift.sh", "pr-7", "drift.txt")
    os.kill(int((site.folder / ".slipway/pr-7/run/slipway/shop/supervisord.pid").read_text()), signal.SIGTERM)
    script("drift.sh", "pr-7", "drift.txt", code=2)
    assert "1 to update" in (site.folder / "drift.txt").read_text()
    script("review.sh", "up", "7")
    assert site.get() == "one"
    assert "have been deleted" in script("review.sh", "down", "7")
    assert site.processes() == []
    assert "there is no stack pr-7" in script("review.sh", "down", "7")
