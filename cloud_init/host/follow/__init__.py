"""The service of a server, `watch`: following its store, it brings about the desired state."""
