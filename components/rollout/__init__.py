"""The release in service on hosts: who may roll out, how hosts hear of it, what users are shown."""
