"""Hosts as the deploying side knows them: ways to reach them, resources, certificates."""
