"""Runs the program without the Pulumi CLI, for stacks of components and dynamic resources."""

from ops.engine.events import Event, Observer, Result, Step
from ops.engine.run import Engine

__all__ = ["Engine", "Event", "Observer", "Result", "Step"]
