"""The front server: configuration in force, kinds, certificate, maintenance page."""
