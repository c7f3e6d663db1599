"""What all other folders use: places, files, locks, processes, steps. Imports contracts alone."""
