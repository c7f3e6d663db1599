"""The app's data: its database, backups and restores. No other room writes data."""
