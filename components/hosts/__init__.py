"""An app on hosts, after its launch: verbs go to the host tool of each, answers come back typed."""
