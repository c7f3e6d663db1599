"""What the deploying machine asks Amazon: the account, the servers there are, errors in words."""
