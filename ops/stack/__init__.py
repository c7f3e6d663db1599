"""The stack that a command works on: its project, its settings and secrets, and the engine that launches it."""
