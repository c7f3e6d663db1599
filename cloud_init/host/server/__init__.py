"""A bare machine made a server and cleared again: packages, system files, disk, role. By root."""
