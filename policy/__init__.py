"""Rules that every plan must keep, as pure functions over a plan."""
