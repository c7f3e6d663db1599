"""Makes .venv for ./slipway. It runs under the system's Python before anything is installed: standard library only."""
