"""The release in service on hosts: the lock, the coordinator, its phases, the check through the
public address."""
