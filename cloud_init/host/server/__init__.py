"""A bare machine made a server and cleared again; `volume.py` makes the folders of any host."""
