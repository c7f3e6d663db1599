"""Figures of the whole, taken in one run and printed as a table."""
