"""The commands of the tool: they take the lock, call the rooms and tell the outcome."""
