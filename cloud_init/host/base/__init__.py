"""What all other folders stand on: places, files, locks, processes, steps. Imports contracts alone."""
