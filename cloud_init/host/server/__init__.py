"""A bare machine made a server and cleared again: packages, system files, disk, role, by
root; `tree.py` makes the folders of any host."""
