"""How the target aws-ec2 puts the blocks together for one stack, by its settings."""
