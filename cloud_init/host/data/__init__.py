"""The app's data: its database, backups and restores. Nothing else writes data."""
