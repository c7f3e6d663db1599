"""Blocks on Alibaba Cloud for any Pulumi program (`blocks/`), and the target made of them."""
