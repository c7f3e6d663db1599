"""The app's data: its database, and backups and restores of it. Nothing outside this room writes data."""
