"""What is published: a release's core, its two ends, its ids, and the store that it travels through."""
