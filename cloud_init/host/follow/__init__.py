"""The service of a server, `watch`: where it follows its store, it brings about the desired state and
reports."""
