"""The front server: its configuration in force, its kinds, its certificate, the maintenance page."""
