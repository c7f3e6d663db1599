"""The service of a server that follows its store: it brings about the desired state and reports."""
