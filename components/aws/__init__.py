"""Blocks on Amazon Web Services for any Pulumi program (`blocks/`), and the target made of them."""
