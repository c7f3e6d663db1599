"""The service of a server that follows its store: it reads what is wanted, does it, and tells how that went."""
