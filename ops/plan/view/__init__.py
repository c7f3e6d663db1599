"""What several formats need: names, short values, the order of dependencies, words."""
