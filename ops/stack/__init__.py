"""The stack that a command works on: project, settings and secrets, and the engine it has."""
