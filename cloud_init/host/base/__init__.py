"""What every other room stands on: places, files, locks, processes, steps and refusals. It imports no other room."""
