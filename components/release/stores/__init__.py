"""Stores that no host reads as a whole: a file each, named by the scheme of their address."""
