"""The commands of the tool: they take the lock, call the other folders and tell the outcome."""
