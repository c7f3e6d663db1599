"""Makes .venv for ./slipway, with the system's Python: the standard library alone is there yet."""
