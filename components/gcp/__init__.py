"""Blocks on Google Cloud for any Pulumi program (`blocks/`), and the target made of them."""
