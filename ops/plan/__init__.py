"""Plans without credentials: the program recorded in process, compared, shown."""
