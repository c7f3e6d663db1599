"""The ground of all rooms: places, files, locks, processes, steps. Imports contracts alone."""
