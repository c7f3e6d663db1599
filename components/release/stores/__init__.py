"""Stores that deployers alone can reach as one: a file each, named by its addresses' scheme."""
