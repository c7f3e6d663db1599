"""Asks a Terraform provider itself what a change replaces: its own plugin, by its own protocol, without account or network."""
