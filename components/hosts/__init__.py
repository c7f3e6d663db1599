"""An app on hosts, after its launch: what is asked of it in verbs goes to the host tool of each host, and comes back typed."""
