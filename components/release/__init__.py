"""What is published: a release's core, manifest or bundle, its ids, and the store."""
