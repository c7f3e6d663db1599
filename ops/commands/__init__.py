"""What each command does; `ops/cli.py` imports a file of them when one is asked for."""
