"""Stores that deployers alone can reach as one, a file each, named by the scheme of their address; the folder is the registry."""
