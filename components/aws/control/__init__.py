"""What the deploying machine asks of Amazon itself: accounts, the servers there are, refusals in words."""
