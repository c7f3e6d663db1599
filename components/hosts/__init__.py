"""Hosts as the deploying side knows them: how each is reached, its resource, its certificates, and
this machine."""
