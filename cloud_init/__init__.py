"""What a host looks like: pure functions from plain values to files, and the tool that runs on the host."""
