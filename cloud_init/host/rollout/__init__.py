"""The way of a release to serving: prepared beside the live one, gated, flipped to."""
