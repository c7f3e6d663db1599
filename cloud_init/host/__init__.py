"""The tool that runs on a host: Python's standard library alone, shipped as one file."""
