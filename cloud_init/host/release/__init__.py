"""A release on this host: fetched, unpacked, its files, its environment; old ones removed."""
