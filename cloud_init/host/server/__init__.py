"""A bare machine made a server and cleared again: packages, system files, disk, role, by
root; `volume.py` makes the folders of any host."""
