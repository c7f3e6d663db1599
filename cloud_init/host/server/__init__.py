"""A bare machine made a server (users, packages, system files, disk, its role) and cleared again. Runs as root."""
