"""The commands of the host tool's command line: they take the lock, call the rooms, and tell how it ended."""
