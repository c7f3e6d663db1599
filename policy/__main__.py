"""The policy pack: `pulumi preview --policy-pack policy`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the engine starts this folder, not the project's

from policy import pack

pack.serve()
