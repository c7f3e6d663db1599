"""The release in service on hosts: the lock, the coordinator, its phases, the public check."""
