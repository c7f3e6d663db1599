"""The programs of a release and the managers that keep them running."""
